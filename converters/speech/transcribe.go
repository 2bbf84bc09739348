package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

type transcribeConfig struct {
	Engine  string   `json:"engine" doc:"The recognition engine: the program pocketsphinx, a command, or an endpoint with the OpenAI audio API." enum:"pocketsphinx,command,openai"`
	Command []string `json:"command" doc:"Engine command: a program and its arguments. {in} stands for the WAV file (16 kHz mono) and {out} for the text file to write, which is expected on stdout if it is not mentioned. No shell is involved. A campaign that sets it needs --allow-commands." format:"command"`
	endpointConfig
	Language string        `json:"language" doc:"Engine openai: the language that is spoken, as in ISO 639-1 (en)."`
	Timeout  core.Duration `json:"timeout" doc:"The time limit for one recording." min:"1ms"`
}

// Validate checks that the keys that are set are keys of the engine.
func (c transcribeConfig) Validate() error {
	if engines := []string{enginePocketSphinx, engineCommand, engineOpenAI}; !slices.Contains(engines, c.Engine) {
		return unknownEngine(c.Engine, engines)
	}
	var problems []error
	if c.Language != "" && c.Engine != engineOpenAI {
		problems = append(problems, foreignKey("language", engineOpenAI))
	}
	return errors.Join(append(problems, checkKeys(c.Engine, c.Command, inPlaceholder, textPlaceholder, c.endpointConfig, c.Timeout)...)...)
}

func transcribeComponent(p programs) core.Component {
	return core.NewConverter(
		core.Info{
			Name:         "transcribe",
			Summary:      "Writes down what speech says.",
			Description:  "By default the program pocketsphinx listens (Debian: apt-get install pocketsphinx pocketsphinx-en-us), on this machine and without a network: American English, open vocabulary, lower case, no punctuation. Where nothing was said, or nothing understood, the text is empty, but other sounds become words, too: a busy signal is written as ah ah ah ah.",
			In:           []core.Modality{core.Audio},
			Out:          []core.Modality{core.Text},
			Capabilities: []string{core.CapabilityNondeterministic},
		},
		transcribeConfig{Engine: enginePocketSphinx, Timeout: core.Duration(defaultTimeout)},
		func(_ context.Context, c transcribeConfig) (core.Converter, error) {
			l := &listener{instance: newInstance()}
			var err error
			if l.listen, err = openEar(p, l.client, c); err != nil {
				return nil, fmt.Errorf("engine %s: %w", c.Engine, err)
			}
			return l, nil
		})
}

// ear transcribes a clip with a rate of 16 kHz.
type ear func(ctx context.Context, clip audio.Clip) (string, error)

func openEar(p programs, client *http.Client, c transcribeConfig) (ear, error) {
	switch c.Engine {
	case engineCommand:
		return openTranscribeCommand(p, c)
	case engineOpenAI:
		return transcribeEndpoint(c, client), nil
	}
	return openPocketSphinx(p, c)
}

// listener is the converter from speech to text.
type listener struct {
	instance
	listen ear
}

var (
	_ core.Converter = (*listener)(nil)
	_ io.Closer      = (*listener)(nil)
)

// earRate is the sample rate, in Hz, that recognisers are trained on.
const earRate = 16000

// Convert implements [core.Converter].
func (l *listener) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	// A file that is cut off is transcribed as far as it goes.
	clip, warnings, err := audio.FromValue(in)
	if err != nil {
		return core.Value{}, err
	}
	for _, w := range warnings {
		core.Warn(ctx, "%s", w)
	}
	if len(clip.Samples) == 0 {
		return core.Value{}, core.Errorf(core.ErrorInput, "there is no audio to transcribe")
	}
	text, err := l.cache.get(ctx, in.Data, func(ctx context.Context) ([]byte, error) {
		text, err := l.listen(ctx, clip.Resample(earRate))
		return []byte(text), err
	})
	if err != nil {
		return core.Value{}, fmt.Errorf("transcribing: %w", err)
	}
	return core.Value{Modality: core.Text, MediaType: core.MediaText, Data: text}, nil
}
