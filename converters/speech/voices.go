package speech

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// The engines that speak on this machine.
const (
	engineFlite  = "flite"
	engineESpeak = "espeak-ng"
)

// maxText is the largest text, in bytes, that is spoken, or read from a program or an
// endpoint.
const maxText = 1 << 20

// Texts are given to flite and espeak-ng in files. As an argument, a text that
// begins with "-" would be an option, a long one would not fit, and every user of
// the machine could read it.
const (
	textFile   = "text.txt"
	speechFile = "speech.wav"
)

// fileVoice speaks with a program that reads textFile and writes
// speechFile in its working folder.
func fileVoice(p programs, c speechConfig, argv ...string) mouth {
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

func openSpeechCommand(p programs, c speechConfig) (mouth, error) {
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
