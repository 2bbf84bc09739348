package httptarget

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// selector names HTML elements: by tag, ID and classes, all of which fit.
type selector struct {
	tag, id string
	classes []string
}

var selectorForm = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*)?((?:[#.][A-Za-z0-9_-]+)*)$`)

// parseSelector parses a selector such as div.answer or #reply; nil for "".
func parseSelector(s string) (*selector, error) {
	match := selectorForm.FindStringSubmatch(s)
	if match == nil {
		return nil, core.Errorf(core.ErrorConfig, "%q is not a selector of one element", s).
			WithHint("write a tag, #id or .class, or several of them, such as div.answer; for more, use regex")
	}
	if s == "" {
		return nil, nil
	}
	out := &selector{tag: strings.ToLower(match[1])}
	for _, part := range regexp.MustCompile(`[#.][^#.]+`).FindAllString(match[2], -1) {
		if part[0] == '#' {
			out.id = part[1:]
		} else {
			out.classes = append(out.classes, part[1:])
		}
	}
	return out, nil
}

func (s *selector) fits(n *html.Node) bool {
	if n.Type != html.ElementNode || s.tag != "" && n.Data != s.tag || s.id != "" && attributeOf(n, "id") != s.id {
		return false
	}
	has := strings.Fields(attributeOf(n, "class"))
	return !slices.ContainsFunc(s.classes, func(c string) bool { return !slices.Contains(has, c) })
}

// lastText returns the text of the last element that fits.
func (s *selector) lastText(page string) (string, bool) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", false
	}
	var found *html.Node
	for n := range root.Descendants() {
		if s.fits(n) {
			found = n
		}
	}
	if found == nil {
		return "", false
	}
	var shown shownText
	shown.element(found)
	return strings.TrimSpace(shown.text.String()), true
}

// shownText is what elements show, with line ends where they have breaks and blocks.
// White space is kept in pre only.
type shownText struct {
	text strings.Builder
	// space says that white space was before what comes next, begun that the line has
	// something in it.
	space, begun bool
}

// element adds what an element shows.
func (s *shownText) element(n *html.Node) {
	for child := range n.ChildNodes() {
		switch {
		case child.Type == html.TextNode && n.DataAtom == atom.Pre:
			s.text.WriteString(child.Data)
			s.begun, s.space = !strings.HasSuffix(child.Data, "\n"), false
		case child.Type == html.TextNode:
			s.words(child.Data)
		case child.Type != html.ElementNode, child.DataAtom == atom.Script, child.DataAtom == atom.Style:
		case child.DataAtom == atom.Br:
			s.newLine()
		default:
			block := slices.Contains([]atom.Atom{atom.P, atom.Div, atom.Li, atom.Tr, atom.Pre, atom.Ul, atom.Ol, atom.Blockquote}, child.DataAtom)
			if block && s.begun {
				s.newLine()
			}
			s.element(child)
		}
	}
}

func (s *shownText) newLine() {
	s.text.WriteByte('\n')
	s.begun, s.space = false, false
}

// words adds a text, with one space for any white space.
func (s *shownText) words(text string) {
	isSpace := func(r rune) bool { return strings.ContainsRune(" \t\r\n\f", r) }
	for _, r := range text {
		if isSpace(r) {
			s.space = true
			continue
		}
		if s.space && s.begun {
			s.text.WriteByte(' ')
		}
		s.text.WriteRune(r)
		s.space, s.begun = false, true
	}
}

// attribute returns the value of the form field, or the content of the meta
// element, of a name.
func attribute(page, input, meta string) (string, bool) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", false
	}
	for n := range root.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case input != "" && (n.DataAtom == atom.Input || n.DataAtom == atom.Button) && attributeOf(n, "name") == input:
			return attributeOf(n, "value"), true
		case meta != "" && n.DataAtom == atom.Meta && (attributeOf(n, "name") == meta || attributeOf(n, "property") == meta):
			return attributeOf(n, "content"), true
		}
	}
	return "", false
}

func attributeOf(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
