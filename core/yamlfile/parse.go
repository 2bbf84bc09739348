package yamlfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// The bounds of a YAML tree.
const (
	maxDepth = 64
	maxNodes = 200_000
	maxKeys  = 5_000
)

// parse returns the root of the one document in data, or nil where there is none. It
// stays with nodes and never lets yaml.v3 decode into Go values: decoding expands
// aliases without bound, ignores duplicate keys, loses columns, and reads 1.5 into an
// integer as 1.
func (f *File) parse(data []byte) *yaml.Node {
	start := Position{1, 1}
	data = knownVersion(data)
	document, second, err := decodeNodes(data)
	switch {
	case errors.Is(err, io.EOF), err == nil && (len(document.Content) == 0 || isNull(document.Content[0])):
		f.Problem(start, "begin with version: 1", "the file is empty")
		return nil
	case err != nil:
		f.syntaxProblem(data, err)
		return nil
	case second != nil:
		f.Problem(place(second), "remove the line --- and what follows, or put it into a file of its own", "a second document; a file holds one")
		return nil
	}
	root := document.Content[0]
	a := audit{file: f}
	if !a.node(root, 0) {
		return nil
	}
	return root
}

// newerYAML is the directive of YAML 1.2 before a document, which yaml.v3 refuses. What
// it reads is the same for both: "yes" and "on" are texts.
var newerYAML = regexp.MustCompile(`^(?:\x{FEFF})?(?:[ \t]*(?:#[^\n]*)?\r?\n)*%YAML[ \t]+1\.(2)[ \t\r]*(?:#[^\n]*)?(?:\n|$)`)

// knownVersion returns the data with that directive as one that yaml.v3 takes, of
// the same length.
func knownVersion(data []byte) []byte {
	at := newerYAML.FindSubmatchIndex(data)
	if at == nil {
		return data
	}
	known := bytes.Clone(data)
	known[at[2]] = '1'
	return known
}

// decodeNodes parses up to two documents.
func decodeNodes(data []byte) (first, second *yaml.Node, err error) {
	// yaml.v3 panics on some malformed input.
	defer func() {
		if p := recover(); p != nil {
			first, second, err = nil, nil, fmt.Errorf("yaml: %v", p)
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	first, second = &yaml.Node{}, &yaml.Node{}
	if err := decoder.Decode(first); err != nil {
		return nil, nil, err
	}
	switch err := decoder.Decode(second); {
	case errors.Is(err, io.EOF):
		return first, nil, nil
	case err != nil:
		return nil, nil, err
	}
	return first, second, nil
}

// syntaxProblem reports an error of the YAML parser.
func (f *File) syntaxProblem(data []byte, err error) {
	message := syntaxMessage(err)
	at := locate(data, message, parsersLine(err))
	line, _ := f.line(at.Line)
	f.Problem(at, syntaxHint(message, line, at.Column), "not YAML: %s", message)
}

// locate finds the place of a syntax error. The parser names no column, and the line
// where the enclosing construct began, often far above the mistake. The mistake is at
// the end of the shortest prefix of the file that gives the same error; it is searched
// for by lines, and then by characters. In a file of more than [maxSearched] bytes, which
// would be parsed some twenty times, it is the parser's line.
func locate(data []byte, message string, line int) Position {
	if len(data) > maxSearched {
		return Position{max(1, line), 1}
	}
	var ends []int
	for line := range bytes.Lines(data) {
		ends = append(ends, len(line))
		if n := len(ends); n > 1 {
			ends[n-1] += ends[n-2]
		}
	}
	line = shortest(data, ends, message)
	begin := 0
	if line > 0 {
		begin = ends[line-1]
	}
	text := string(data[begin:ends[line]])
	var columns []int
	for i, c := range text {
		columns = append(columns, begin+i+utf8.RuneLen(c))
	}
	column := shortest(data, columns, message)
	// The error shows at the end of a word; the word is what is wrong.
	runes := []rune(text)
	for column > 0 && !strings.ContainsRune(" \t[]{},\"'", runes[column-1]) && !strings.ContainsRune("[]{},\"'", runes[column]) {
		column--
	}
	return Position{line + 1, column + 1}
}

// shortest returns the index of the first of the ends up to which data gives
// the error, supposing that all later ones do as well.
func shortest(data []byte, ends []int, message string) int {
	passes, fails := -1, len(ends)-1
	for fails-passes > 1 {
		middle := (passes + fails) / 2
		if _, _, err := decodeNodes(data[:ends[middle]]); err != nil && syntaxMessage(err) == message {
			fails = middle
		} else {
			passes = middle
		}
	}
	return fails
}

var yamlPrefix = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// maxSearched is the size in bytes up to which the place of a syntax error is searched for.
const maxSearched = 1 << 20

// parsersLine returns the line that the parser names; 0 where it names none.
func parsersLine(err error) int {
	m := yamlPrefix.FindStringSubmatch(err.Error())
	if m == nil {
		return 0
	}
	line, _ := strconv.Atoi(m[1]) // it is digits, or empty for none
	return line
}

// syntaxMessage returns the parser's message without its line.
func syntaxMessage(err error) string {
	return yamlPrefix.ReplaceAllString(err.Error(), "")
}

// audit checks a whole tree for what is wrong in every grammar: depth, size, aliases,
// anchors, tags and duplicate keys.
type audit struct {
	file  *File
	nodes int
	// line is the line that was looked at last, by its number: a file may be one line.
	number int
	line   []rune
}

// node reports whether the tree below a node may be read further.
func (a *audit) node(n *yaml.Node, depth int) bool {
	a.nodes++
	switch {
	case depth > maxDepth:
		a.file.Problem(place(n), "", "nested more than %d deep", maxDepth)
		return false
	case a.nodes > maxNodes:
		a.file.Problem(place(n), "put datasets into files of their own", "more than %d values", maxNodes)
		return false
	case n.Kind == yaml.AliasNode:
		a.file.Problem(place(n), "write the value out", "aliases (*%s) are not supported", n.Value)
		return true // and never follow it
	}
	if n.Anchor != "" {
		a.file.soleProblem(place(n), "write the value out where it is needed, and put a text that begins with \"&\" in quotes", "anchors (&%s) are not supported", n.Anchor)
	}
	if tag, ok := a.tag(n); ok {
		a.file.soleProblem(place(n), `put a text that begins with "!" in quotes`, "tags (%s) are not supported", tag)
	}
	if n.Kind == yaml.MappingNode && !a.keys(n) {
		return false
	}
	for _, child := range n.Content {
		if !a.node(child, depth+1) {
			return false
		}
	}
	return true
}

// tag returns the tag of a node, such as !x. A lone "!" before a text is one, which
// yaml.v3 drops.
func (a *audit) tag(n *yaml.Node) (string, bool) {
	if n.Style&yaml.TaggedStyle != 0 {
		return n.Tag, true
	}
	if a.number != n.Line {
		line, _ := a.file.line(n.Line)
		a.number, a.line = n.Line, []rune(line)
	}
	if n.Column > 0 && n.Column <= len(a.line) && a.line[n.Column-1] == '!' {
		return "!", true
	}
	return "", false
}

// keys checks that each key of a mapping is a text and appears once.
func (a *audit) keys(n *yaml.Node) bool {
	if len(n.Content)/2 > maxKeys {
		a.file.Problem(place(n), "", "a mapping with more than %d keys", maxKeys)
		return false
	}
	seen := map[string]int{}
	for key := range pairs(n) {
		switch {
		case key.Kind == yaml.AliasNode:
			continue // node reports it
		case key.Kind != yaml.ScalarNode:
			if key.Kind == yaml.MappingNode && key.Style&yaml.FlowStyle != 0 {
				a.file.soleProblem(place(n), `put {{ … }} in quotes: "{{ … }}"`, "a key is a word, not %s", describe(key))
			} else {
				a.file.Problem(place(key), "", "a key is a word, not %s", describe(key))
			}
			continue
		case key.ShortTag() == "!!merge":
			a.file.Problem(place(key), "write the keys out", "merge keys (<<) are not supported")
			continue
		case !isText(key):
			a.file.Problem(place(key), fmt.Sprintf("write %q, in quotes", key.Value), "a key is a text, not %s", describe(key))
		}
		if line, ok := seen[key.Value]; ok {
			a.file.Problem(place(key), "", "key %q appears twice; the first is on line %d", key.Value, line)
			continue
		}
		seen[key.Value] = key.Line
	}
	return true
}
