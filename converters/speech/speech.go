package speech

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// Components returns the converters of this package. Together they run at most as
// many programs at a time as there are processors.
func Components() []core.Component {
	p := newPrograms()
	return []core.Component{speechComponent(p), transcribeComponent(p)}
}

// Programs returns the programs that the engines of this package run, without those
// of the engine command.
func Programs() []string { return []string{programFlite, programESpeak, programPocketSphinx} }

// The engines of both directions.
const (
	engineCommand = "command"
	engineOpenAI  = "openai"
)

const defaultTimeout = time.Minute

type speechConfig struct {
	Engine  string   `json:"engine" doc:"The speech engine: the program flite or espeak-ng, a command, or an endpoint with the OpenAI audio API." enum:"flite,espeak-ng,command,openai"`
	Voice   string   `json:"voice" doc:"The voice, by the engine's name for it: for flite rms (default), slt, awb, kal16 or kal; for espeak-ng en-us (default) and many more, with a variant if wanted (en-us+f3); for openai alloy (default) and others."`
	Command []string `json:"command" doc:"Engine command: a program and its arguments. {text} stands for the text, which comes over stdin if it is not mentioned, and {out} for the WAV file to write, which is expected on stdout if it is not mentioned. No shell is involved. A campaign that sets it needs --allow-commands." format:"command"`
	endpointConfig
	Timeout core.Duration `json:"timeout" doc:"The time limit for one text." min:"1ms"`
}

// Validate checks that the keys that are set are keys of the engine.
func (c speechConfig) Validate() error {
	if engines := []string{engineFlite, engineESpeak, engineCommand, engineOpenAI}; !slices.Contains(engines, c.Engine) {
		return unknownEngine(c.Engine, engines)
	}
	var problems []error
	if c.Voice != "" && c.Engine == engineCommand {
		problems = append(problems, foreignKey("voice", "flite, espeak-ng and openai"))
	}
	return errors.Join(append(problems, checkKeys(c.Engine, c.Command, "", inPlaceholder, c.endpointConfig, c.Timeout)...)...)
}

func unknownEngine(name string, engines []string) error {
	return core.Errorf(core.ErrorConfig, "there is no engine %q", name).At("engine").WithHint("%s", strings.Join(engines, ", "))
}

func foreignKey(key, engines string) error {
	return core.Errorf(core.ErrorConfig, "the key is for the engine %s", engines).At(key)
}

// checkKeys checks the keys that both directions have.
func checkKeys(engine string, command []string, needs, foreign string, e endpointConfig, timeout core.Duration) []error {
	var problems []error
	if timeout <= 0 {
		problems = append(problems, core.Errorf(core.ErrorConfig, "a timeout of %v is not positive", timeout).At("timeout"))
	}
	if engine == engineCommand {
		problems = append(problems, checkCommand(command, needs, foreign))
	} else if len(command) > 0 {
		problems = append(problems, foreignKey("command", engineCommand))
	}
	if engine == engineOpenAI {
		return append(problems, e.check()...)
	}
	for _, key := range e.keys() {
		problems = append(problems, foreignKey(key, engineOpenAI))
	}
	return problems
}

func speechComponent(p programs) core.Component {
	return core.NewConverter(
		core.Info{
			Name:         "speech",
			Summary:      "Speaks text.",
			Description:  "The result is mono 16-bit WAV at the engine's own rate. By default the program flite speaks (Debian: apt-get install flite), on this machine and without a network. Accents, signs and other forms of a letter are written so that flite and espeak-ng can say them (café, £5, m²); what they cannot say, such as another script with flite, is a warning on the turn. Flite says a code of four digits in one of three ways (1999 in pairs, 0815 digit by digit, 4711 as thousands): write 4 7 1 1 for digits.",
			In:           []core.Modality{core.Text},
			Out:          []core.Modality{core.Audio},
			Capabilities: []string{core.CapabilityNondeterministic},
		},
		speechConfig{Engine: engineFlite, Timeout: core.Duration(defaultTimeout)},
		func(ctx context.Context, c speechConfig) (core.Converter, error) {
			s := &speaker{instance: newInstance(), engine: c.Engine}
			var err error
			if s.voice, err = openVoice(ctx, p, s.client, c); err != nil {
				return nil, fmt.Errorf("engine %s: %w", c.Engine, err)
			}
			return s, nil
		})
}

// voice is an opened engine.
type voice struct {
	// spell returns a text as the engine can say it, and what of it nobody will hear.
	spell func(ctx context.Context, written string) (string, losses, error)
	speak mouth
}

// mouth speaks a text and returns a WAV file. The text is valid UTF-8 without control
// characters.
type mouth func(ctx context.Context, text string) ([]byte, error)

func openVoice(ctx context.Context, p programs, client *http.Client, c speechConfig) (voice, error) {
	switch c.Engine {
	case engineESpeak:
		return openESpeak(ctx, p, c)
	case engineCommand:
		speak, err := openSpeechCommand(p, c)
		return voice{asWritten, speak}, err
	case engineOpenAI:
		return voice{asWritten, speechEndpoint(c, client)}, nil
	}
	return openFlite(ctx, p, c)
}

// asWritten leaves a text to an engine that takes any.
func asWritten(_ context.Context, written string) (string, losses, error) { return written, nil, nil }

// speaker is the converter from text to speech.
type speaker struct {
	instance
	// engine is its name in the campaign.
	engine string
	voice  voice
}

var (
	_ core.Converter = (*speaker)(nil)
	_ io.Closer      = (*speaker)(nil)
)

// Convert implements [core.Converter].
func (s *speaker) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "the input is %s, not text", in.Modality)
	}
	if len(in.Data) > maxText {
		return core.Value{}, core.Errorf(core.ErrorInput, "a text of %d bytes is too long to be spoken", len(in.Data)).WithHint("at most %d are", maxText)
	}
	text, lost, err := s.spell(ctx, in.Text())
	switch {
	case err != nil:
		return core.Value{}, fmt.Errorf("speaking: %w", err)
	case text == "" && len(lost) > 0:
		return core.Value{}, core.Errorf(core.ErrorInput, "%s cannot say anything of this text", s.engine)
	case text == "":
		return core.Value{}, core.Errorf(core.ErrorInput, "there is no text to speak")
	}
	wav, err := s.cache.get(ctx, []byte(text), func(ctx context.Context) ([]byte, error) {
		file, err := s.voice.speak(ctx, text)
		if err != nil {
			return nil, err
		}
		return checkSpoken(file)
	})
	if err != nil {
		return core.Value{}, fmt.Errorf("speaking: %w", err)
	}
	if missing := lost.warning(s.engine); missing != "" {
		core.Warn(ctx, "%s", missing)
	}
	return core.WAVValue(wav), nil
}

// spell returns a text as the engine can say it, without control characters and bytes
// that are not UTF-8, and what of it nobody will hear.
func (s *speaker) spell(ctx context.Context, written string) (string, losses, error) {
	valid := strings.ToValidUTF8(written, " ")
	text, lost, err := s.voice.spell(ctx, valid)
	if valid != written {
		lost.add("bytes that are not UTF-8")
	}
	return speakable(text), lost, err
}

// speakable replaces control characters by spaces, and trims the text.
func speakable(text string) string {
	spaced := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(spaced)
}

// silence is the peak level, in dBFS, below which a result counts as silent. Flite
// makes a faint noise, of -47 dBFS, for a text without a word that it can say.
const silence = -40

// checkSpoken re-encodes an engine's WAV file as mono 16-bit PCM. It refuses files
// that are damaged or silent.
func checkSpoken(file []byte) ([]byte, error) {
	clip, warnings, err := audio.DecodeWAV(file)
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "the engine's answer: %w", err)
	}
	if clip.Peak() < silence {
		return nil, core.Errorf(core.ErrorInput, "the engine makes no sound of this text")
	}
	if len(warnings) > 0 {
		return nil, core.Errorf(core.ErrorProtocol, "the engine's answer: %s", strings.Join(warnings, "; "))
	}
	return audio.EncodeWAV(clip), nil
}
