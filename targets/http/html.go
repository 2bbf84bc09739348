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
	var b strings.Builder
	appendText(&b, found)
	return strings.TrimSpace(b.String()), true
}

// appendText adds what an element shows, with line ends where it has breaks and
// blocks. White space is kept in pre only.
func appendText(b *strings.Builder, n *html.Node) {
	for child := range n.ChildNodes() {
		switch {
		case child.Type == html.TextNode && n.DataAtom == atom.Pre:
			b.WriteString(child.Data)
		case child.Type == html.TextNode:
			text := strings.Join(strings.Fields(child.Data), " ")
			space := child.Data != "" && strings.ContainsAny(child.Data[:1], " \t\r\n")
			if space && b.Len() > 0 && !strings.HasSuffix(b.String(), " ") && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte(' ')
			}
			b.WriteString(text)
			if text != "" && strings.ContainsAny(child.Data[len(child.Data)-1:], " \t\r\n") {
				b.WriteByte(' ')
			}
		case child.Type != html.ElementNode, child.DataAtom == atom.Script, child.DataAtom == atom.Style:
		case child.DataAtom == atom.Br:
			b.WriteByte('\n')
		default:
			block := slices.Contains([]atom.Atom{atom.P, atom.Div, atom.Li, atom.Tr, atom.Pre, atom.Ul, atom.Ol, atom.Blockquote}, child.DataAtom)
			if block && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
			appendText(b, child)
		}
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

// titleOf returns the title of a page.
func titleOf(page string) string {
	title, _ := (&selector{tag: "title"}).lastText(page)
	return title
}
