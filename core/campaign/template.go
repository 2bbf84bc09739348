package campaign

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"text/template/parse"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// maxText is the largest size of a filled-in text, in bytes: a short template
// can name a long value many thousand times.
const maxText = 16 << 20

// Fill returns the text for a row of the attack's dataset, with the parameters that
// the campaign was read with: each "{{ .column }}" becomes the row's value. To send
// two braces, write {{ "{{" }}. For an attack without for_each row is nil, and
// everything but the parameters is returned as it is, braces and all. What is filled
// in is never filled in again.
func (t Text) Fill(row map[string]string) (string, error) {
	pieces := t.pieces
	if pieces == nil && row == nil {
		return t.Written, nil
	}
	if pieces == nil {
		var err error
		if pieces, err = parseTemplate(t.Written, nil); err != nil {
			return "", err
		}
	}
	var b strings.Builder
	for _, p := range pieces {
		cell := p.text
		if p.column != "" {
			var ok bool
			if cell, ok = row[p.column]; !ok {
				return "", fmt.Errorf("the row has no column %q", p.column)
			}
		}
		if b.Len()+len(cell) > maxText {
			return "", fmt.Errorf("the text is larger than %d MiB", maxText>>20)
		}
		b.WriteString(cell)
	}
	return b.String(), nil
}

// templatePiece is either literal text or a column.
type templatePiece struct {
	text   string
	column string
	// offset is where the piece begins, in bytes.
	offset int
}

// templateError is an error in a template.
type templateError struct {
	offset  int // in bytes
	message string
}

func (e *templateError) Error() string { return e.message }

var templatePrefix = regexp.MustCompile(`^template: [^:]*:(\d+): `)

// parseTemplate parses a template, and fills in the parameters. Only text,
// {{ .column }}, {{ index . "column" }} and {{ .params.NAME }} are allowed: a campaign is
// data, not a program.
func parseTemplate(text string, p *parameters) ([]templatePiece, error) {
	tree := parse.New("text")
	tree.Mode = parse.SkipFuncCheck
	all := map[string]*parse.Tree{}
	if _, err := tree.Parse(text, "", "", all); err != nil {
		e := &templateError{message: templatePrefix.ReplaceAllString(err.Error(), "")}
		if m := templatePrefix.FindStringSubmatch(err.Error()); m != nil {
			e.offset = lineOffset(text, m[1])
		}
		return nil, e
	}
	if len(all) != 1 || all[tree.Name] != tree { // the parser moves definitions out of the text
		return nil, &templateError{message: "{{ define }} is more than a template may hold: text and {{ .column }}"}
	}
	var pieces []templatePiece
	for _, n := range tree.Root.Nodes {
		piece, err := readTemplateNode(n, p)
		if err != nil {
			return nil, err
		}
		pieces = append(pieces, piece)
	}
	return pieces, nil
}

// lineOffset returns the offset of the beginning of a line, counted from 1.
func lineOffset(text, line string) int {
	number, err := strconv.Atoi(line)
	if err != nil {
		return 0
	}
	offset := 0
	for range number - 1 {
		next := strings.IndexByte(text[offset:], '\n')
		if next < 0 {
			break
		}
		offset += next + 1
	}
	return offset
}

func readTemplateNode(n parse.Node, p *parameters) (templatePiece, error) {
	offset := int(n.Position())
	switch n := n.(type) {
	case *parse.TextNode:
		return templatePiece{text: string(n.Text), offset: offset}, nil
	case *parse.ActionNode:
		if len(n.Pipe.Decl) > 0 || len(n.Pipe.Cmds) != 1 {
			break
		}
		if column, ok := indexed(n.Pipe.Cmds[0].Args); ok {
			return templatePiece{column: column, offset: offset}, nil
		}
		if len(n.Pipe.Cmds[0].Args) != 1 {
			break
		}
		switch arg := n.Pipe.Cmds[0].Args[0].(type) {
		case *parse.FieldNode:
			if len(arg.Ident) == 1 {
				return templatePiece{column: arg.Ident[0], offset: offset}, nil
			}
			if len(arg.Ident) == 2 && arg.Ident[0] == params && p != nil {
				one, _ := p.value(arg.Ident[1]) // an unknown one was reported by the reader
				return templatePiece{text: one.Value, offset: offset}, nil
			}
		case *parse.StringNode:
			return templatePiece{text: arg.Text, offset: offset}, nil
		}
	}
	return templatePiece{}, &templateError{
		offset:  offset,
		message: fmt.Sprintf("%s is more than a template may hold: text and {{ .column }}", yamlfile.Quote(n.String())),
	}
}

// indexed returns the column of {{ index . "NAME" }}, for names that cannot stand after a
// dot.
func indexed(args []parse.Node) (column string, ok bool) {
	if len(args) != 3 {
		return "", false
	}
	function, isName := args[0].(*parse.IdentifierNode)
	_, isDot := args[1].(*parse.DotNode)
	name, isText := args[2].(*parse.StringNode)
	if !isName || function.Ident != "index" || !isDot || !isText || name.Text == "" {
		return "", false
	}
	return name.Text, true
}
