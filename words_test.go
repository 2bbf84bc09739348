package orchestrator_test

import (
	"go/ast"
	"go/token"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// pronoun matches the beginning of a text that says nothing once it stands alone, as
// in a log: "it made nothing of it".
var pronoun = regexp.MustCompile(`(?i)^(?:(?:it|its|what|whatever|which|nothing|none|he|his|she|her|they|them|their|who|whoever|nobody|somebody|anybody|everybody)\b|(?:this|that|these|those) (?:is|are|was|were|has|have|had|does|do|cannot|can|must|may|will|needs)\b)`)

// hints are the functions that add a hint to an error. A hint is shown behind its
// error only, and may speak of it.
var hints = map[string]bool{"WithHint": true, "withHint": true}

// An error is read far from where it was made, with the names of others before it:
// what it speaks of has to be in it.
func TestNoErrorTextBeginsWithAPronoun(t *testing.T) {
	names := map[string]bool{
		"Errorf": true, "New": true, "Error": true, // of the standard library
		"Problem": true, "problem": true, "SecretProblem": true, "secretProblem": true, // they add to a list
	}
	walkGo(t, func(_ string, parsed *ast.File) {
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && makesAnError(f.Type) && !hints[f.Name.Name] {
				names[f.Name.Name] = true
			}
		}
	})
	walkGo(t, func(file string, parsed *ast.File) {
		if strings.HasSuffix(file, "_test.go") || ast.IsGenerated(parsed) {
			return
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !names[calleeOf(call)] {
				return true
			}
			for _, argument := range call.Args {
				if text := textOf(argument); pronoun.MatchString(text) {
					t.Errorf("%s: the error %q begins with a pronoun: name what it speaks of", file, text)
				}
			}
			return true
		})
	})
}

// makesAnError reports whether a function takes a text and returns an error only.
func makesAnError(f *ast.FuncType) bool {
	if f.Results == nil || len(f.Results.List) != 1 {
		return false
	}
	result := f.Results.List[0].Type
	if star, ok := result.(*ast.StarExpr); ok {
		result = star.X
	}
	if selector, ok := result.(*ast.SelectorExpr); ok {
		result = selector.Sel
	}
	name, ok := result.(*ast.Ident)
	if !ok || name.Name != "error" && name.Name != "Error" && name.Name != "Problem" {
		return false
	}
	for _, p := range f.Params.List {
		if i, ok := p.Type.(*ast.Ident); ok && i.Name == "string" {
			return true
		}
	}
	return false
}

// calleeOf returns the name of the function or method that is called.
func calleeOf(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// textOf returns the beginning of a text that is written out, and "" of any other.
func textOf(e ast.Expr) string {
	for {
		sum, ok := e.(*ast.BinaryExpr)
		if !ok {
			break
		}
		e = sum.X
	}
	literal, ok := e.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value)
	return text
}

// The comment of a function or a type begins with its name, and fits into a line: what a
// renaming leaves behind shows in one or the other.
func TestCommentsBeginWithTheNameAndKeepToTheWidth(t *testing.T) {
	const widest = 100
	walkGo(t, func(file string, parsed *ast.File) {
		if strings.HasSuffix(file, "_test.go") || ast.IsGenerated(parsed) {
			return
		}
		for _, group := range parsed.Comments {
			for _, line := range group.List {
				directive := strings.HasPrefix(line.Text, "//go:") || strings.Contains(line.Text, "nolint:")
				if utf8.RuneCountInString(line.Text) > widest && !directive {
					t.Errorf("%s: the comment %q has more than %d characters", file, line.Text, widest)
				}
			}
		}
		for name, comment := range declarationComments(parsed) {
			rest, ok := strings.CutPrefix(comment, name)
			if next, _ := utf8.DecodeRuneInString(rest); !ok || unicode.IsLetter(next) || unicode.IsDigit(next) {
				t.Errorf("%s: the comment of %s begins with %q", file, name, strings.SplitN(comment, "\n", 2)[0])
			}
		}
	})
}

// declarationComments iterates over the names and comments of functions and types, each
// without the article of a type.
func declarationComments(parsed *ast.File) iter.Seq2[string, string] {
	return func(yield func(name, comment string) bool) {
		for _, d := range parsed.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Doc != nil && !yield(d.Name.Name, d.Doc.Text()) {
					return
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					declared, ok := s.(*ast.TypeSpec)
					if !ok {
						continue
					}
					doc := declared.Doc
					if doc == nil && !d.Lparen.IsValid() {
						doc = d.Doc
					}
					text := strings.TrimPrefix(strings.TrimPrefix(doc.Text(), "A "), "An ")
					if text != "" && !yield(declared.Name.Name, text) {
						return
					}
				}
			}
		}
	}
}
