package campaign

import (
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Text is a text of an attack. In an attack with for_each: it is a template over
// the dataset's row, such as "{{ .text }}"; in any other it is literal. See
// [Text.Fill].
type Text struct {
	Written string

	place yamlfile.TextPlace
}

// readTemplate reads a text that may be a template.
func readTemplate(v value) Text {
	written, _ := v.Text()
	return Text{Written: written, place: v.TextPlace()}
}

// at returns the position in the file of an offset of the text, in bytes.
func (t Text) at(offset int) yamlfile.Position {
	before := t.Written[:min(offset, len(t.Written))]
	line := strings.Count(before, "\n")
	return t.place.At(line+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1)
}
