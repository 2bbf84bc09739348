package yamlfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// CutTexts returns a warning for each text without quotes behind which a comment
// stands on the same line: what follows " #" is no part of the text. counts says
// whether a text of a key is one, since a comment behind a name is common. An entry
// of a list belongs to the key above the list. The warnings have no File.
func (f *File) CutTexts(root Value, counts func(key, text string) bool) Problems {
	var found Problems
	var walk func(n *yaml.Node, key string)
	walk = func(n *yaml.Node, key string) {
		switch n.Kind {
		case yaml.MappingNode:
			for k, v := range pairs(n) {
				walk(v, k.Value)
			}
		case yaml.SequenceNode:
			for _, entry := range n.Content {
				walk(entry, key)
			}
		case yaml.ScalarNode:
			if at, ok := f.cut(n); ok && counts(key, n.Value) {
				found = append(found, Problem{
					Position: at,
					Message:  "the text " + Quote(n.Value) + " ends here: what follows is a comment",
					Hint:     "put the whole text in quotes, or the comment on a line of its own",
				})
			}
		}
	}
	walk(root.node, "")
	return found
}

// cut returns the place of the comment that follows a text without quotes directly.
// yaml.v3 gives a comment behind "]" or "," to the last text as well.
func (f *File) cut(n *yaml.Node) (Position, bool) {
	if n.Style != 0 || n.LineComment == "" || !isText(n) {
		return Position{}, false
	}
	words := strings.Fields(n.Value)
	if len(words) == 0 {
		return Position{}, false
	}
	last := words[len(words)-1]
	comment, _, _ := strings.Cut(n.LineComment, "\n")
	// A text without quotes goes on over lines: at most one line for each word.
	for number := n.Line; number <= n.Line+strings.Count(n.Value, "\n")+len(words); number++ {
		line, ok := f.line(number)
		if !ok {
			break
		}
		before, isLast := strings.CutSuffix(strings.TrimRight(line, " \t"), strings.TrimRight(comment, " \t"))
		if text := strings.TrimRight(before, " \t"); isLast && strings.HasSuffix(text, last) {
			return Position{number, len([]rune(before)) + 1}, true
		}
	}
	return Position{}, false
}
