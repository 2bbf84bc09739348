package text

import (
	"bytes"
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Components returns the converters of this package.
func Components() []core.Component {
	return []core.Component{
		base64Component(),
		caesarComponent(),
		leetspeakComponent(),
		reverseComponent(),
		rot13Component(),
		templateComponent(),
	}
}

// rewrite is a converter from text to text. It must not modify its argument.
type rewrite func(text []byte) []byte

var _ core.Converter = rewrite(nil)

// Convert implements [core.Converter].
func (r rewrite) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "the input is %s, not text", in.Modality)
	}
	out := r(in.Data)
	if len(out) > 0 && bytes.Equal(out, in.Data) {
		core.Warn(ctx, "the text stays as it was: nothing in it is converted")
	}
	return core.Value{Modality: core.Text, MediaType: core.MediaText, Data: out}, nil
}

// always returns the open function of a converter without configuration.
func always(r rewrite) func(context.Context, struct{}) (core.Converter, error) {
	return func(context.Context, struct{}) (core.Converter, error) { return r, nil }
}

// info returns the description of a converter from text to text.
func info(name, summary, description string) core.Info {
	return core.Info{
		Name:        name,
		Summary:     summary,
		Description: description,
		In:          []core.Modality{core.Text},
		Out:         []core.Modality{core.Text},
	}
}
