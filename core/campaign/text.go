package campaign

import (
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Text is a text of an attack. {{ .params.NAME }} in it is a parameter. In an attack
// with for_each: it is a template over the dataset's row, too, such as "{{ .text }}";
// in any other everything else is literal. See [Text.Fill].
type Text struct {
	// Written is as the file has it.
	Written string

	place yamlfile.TextPlace
	// pieces are the text with its parameters filled in; nil where it names none
	// and is no template.
	pieces []templatePiece
}

// readTemplate reads a text that may be a template.
func readTemplate(v value) Text {
	if _, ok := v.Text(); !ok {
		return Text{place: yamlfile.PlaceAt(v.At())}
	}
	v = v.AsWritten()
	return Text{Written: v.Written(), place: v.TextPlace()}
}

// HasParameters reports whether parameters are filled in to the text.
func (t Text) HasParameters() bool { return strings.Contains(t.Written, ".params.") && t.pieces != nil }

// at returns the position in the file of an offset of the text, in bytes.
func (t Text) at(offset int) yamlfile.Position {
	before := t.Written[:min(offset, len(t.Written))]
	line := strings.Count(before, "\n")
	return t.place.At(line+1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])+1)
}
