package text

import (
	"bytes"
	"context"
	"regexp"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type templateConfig struct {
	Text string `json:"text" doc:"The new text; {{ .text }} stands for the old one." required:"true"`
}

// Validate checks that the template is well-formed and contains {{ .text }}.
func (c templateConfig) Validate() error {
	_, err := parseTemplate(c.Text)
	return err
}

func templateComponent() core.Component {
	return core.NewConverter(
		info("template", "Puts the text into a template.",
			`Every {{ .text }} in the template is replaced by the text, which is not looked at for placeholders itself. There is no other placeholder; {{ "{{" }} writes two braces.`),
		templateConfig{},
		func(_ context.Context, c templateConfig) (core.Converter, error) {
			pieces, err := parseTemplate(c.Text)
			if err != nil {
				return nil, err
			}
			return rewrite(func(text []byte) []byte { return bytes.Join(pieces, text) }), nil
		})
}

// parseTemplate returns the pieces of the template between the placeholders
// {{ .text }}.
func parseTemplate(template string) ([][]byte, error) {
	var (
		pieces [][]byte
		piece  []byte
		rest   = template
	)
	for {
		before, behind, found := strings.Cut(rest, "{{")
		piece = append(piece, before...)
		if !found {
			break
		}
		line := 1 + strings.Count(template[:len(template)-len(behind)], "\n")
		action := placeholder.FindStringSubmatch(behind)
		switch {
		case action == nil:
			return nil, templateError(line, "{{ without its }}")
		case action[1] == ".text":
			pieces, piece = append(pieces, piece), nil
		case action[1] == `"{{"`:
			piece = append(piece, "{{"...)
		default:
			return nil, templateError(line, "unknown placeholder {{ "+action[1]+" }}")
		}
		rest = behind[len(action[0]):]
	}
	if len(pieces) == 0 {
		return nil, templateError(1, "the text to convert appears nowhere")
	}
	return append(pieces, piece), nil
}

// placeholder matches what follows the opening braces.
var placeholder = regexp.MustCompile(`^\s*("[^"]*"|[^{}"]*?)\s*\}\}`)

func templateError(line int, message string) error {
	return core.Errorf(core.ErrorConfig, "line %d of the template: %s", line, message).At("text").WithHint("{{ .text }} stands for the text to convert")
}
