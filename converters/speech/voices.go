package speech

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// The engines that speak on this machine.
const (
	engineFlite  = "flite"
	engineESpeak = "espeak-ng"
)

// maxText is the largest text, in bytes, that is read from a program or an endpoint.
const maxText = 1 << 20

// Texts are given to flite and espeak-ng in files. As an argument, a text that
// begins with "-" would be an option, a long one would not fit, and every user of
// the machine could read it.
const (
	textFile   = "text.txt"
	speechFile = "speech.wav"
)

func openFlite(ctx context.Context, p programs, c speechConfig) (voice, error) {
	path, err := find(programFlite, installFlite)
	if err != nil {
		return nil, err
	}
	name := c.Voice
	if name == "" {
		name = "rms" // the voice that recognisers understand best
	}
	// Flite does not report an unknown voice and speaks with another one, so its
	// list of voices is checked.
	listed, err := p.run(ctx, invocation{argv: []string{path, "-lv"}, timeout: c.Timeout.Std(), maxOutput: maxText})
	if err != nil {
		return nil, fmt.Errorf("listing the voices: %w", err)
	}
	_, names, _ := strings.Cut(string(listed), ":")
	if voices := strings.Fields(names); !slices.Contains(voices, name) {
		return nil, core.Errorf(core.ErrorConfig, "flite has no voice %q", name).At("voice").WithHint("the voices of flite are %s", strings.Join(voices, ", "))
	}
	return fileVoice(p, c, path, "-voice", name, "-f", textFile, "-o", speechFile), nil
}

func openESpeak(ctx context.Context, p programs, c speechConfig) (voice, error) {
	path, err := find(programESpeak, installESpeak)
	if err != nil {
		return nil, err
	}
	name := c.Voice
	if name == "" {
		name = "en-us"
	}
	check := invocation{argv: []string{path, "-q", "-v", name, "a"}, timeout: c.Timeout.Std(), maxOutput: maxText}
	if _, err := p.run(ctx, check); err != nil {
		if core.KindOf(err) == core.ErrorInput {
			return nil, core.Errorf(core.ErrorConfig, "trying the voice %q: %w", name, err).At("voice").WithHint("espeak-ng --voices lists them")
		}
		return nil, fmt.Errorf("trying the voice %q: %w", name, err)
	}
	return fileVoice(p, c, path, "-v", name, "-f", textFile, "-w", speechFile), nil
}

// fileVoice returns the voice of a program that reads textFile and writes
// speechFile in its working folder.
func fileVoice(p programs, c speechConfig, argv ...string) voice {
	return func(ctx context.Context, text string) ([]byte, error) {
		dir, err := newScratch()
		if err != nil {
			return nil, err
		}
		defer dir.remove()
		if err := dir.write(textFile, []byte(text+"\n")); err != nil {
			return nil, err
		}
		if _, err := p.run(ctx, invocation{argv: argv, dir: string(dir), timeout: c.Timeout.Std(), maxOutput: maxText}); err != nil {
			return nil, err
		}
		return dir.read(speechFile, audio.MaxWAV)
	}
}

func openSpeechCommand(p programs, c speechConfig) (voice, error) {
	command, err := newCommandLine(c.Command)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, text string) ([]byte, error) {
		dir, err := newScratch()
		if err != nil {
			return nil, err
		}
		defer dir.remove()
		i := invocation{
			argv:      command.fill(text, "", dir.path(speechFile)),
			dir:       string(dir),
			timeout:   c.Timeout.Std(),
			maxOutput: audio.MaxWAV,
		}
		if !command.has(textPlaceholder) {
			i.stdin = []byte(text)
		}
		stdout, err := p.run(ctx, i)
		if err != nil || !command.has(outPlaceholder) {
			return stdout, err
		}
		return dir.read(speechFile, audio.MaxWAV)
	}, nil
}
