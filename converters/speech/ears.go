package speech

import (
	"context"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// enginePocketSphinx is the engine that transcribes on this machine.
const enginePocketSphinx = "pocketsphinx"

const (
	recordingFile  = "recording.wav"
	transcriptFile = "transcript.txt"
	logFile        = "log.txt"
)

func openPocketSphinx(p programs, c transcribeConfig) (ear, error) {
	path, err := find(programPocketSphinx, installPocketSphinx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, clip audio.Clip) (string, error) {
		dir, err := newScratch()
		if err != nil {
			return "", err
		}
		defer dir.remove()
		if isNarrow(clip) && ctx.Err() == nil { // a long clip takes seconds each time
			clip = widen(clip)
		}
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		if err := dir.write(recordingFile, audio.EncodeWAV(clip)); err != nil {
			return "", err
		}
		stdout, err := p.run(ctx, invocation{
			argv:      []string{path, "-infile", recordingFile, "-logfn", logFile},
			dir:       string(dir),
			timeout:   c.Timeout.Std(),
			maxOutput: maxText,
		})
		if core.KindOf(err) == core.ErrorInput {
			return "", core.Errorf(core.ErrorUnavailable, "%w%s", err, complaints(dir)).WithHint("if its model is missing: %s", installPocketSphinx)
		}
		// The program prints one line for each stretch of speech between pauses.
		return strings.Join(strings.Fields(string(stdout)), " "), err
	}, nil
}

// tryPocketSphinx has PocketSphinx listen to a tenth of a second of silence: its
// model is a package of its own.
func tryPocketSphinx(ctx context.Context) error {
	listen, err := openPocketSphinx(newPrograms(), transcribeConfig{Timeout: core.Duration(defaultTimeout)})
	if err == nil {
		_, err = listen(ctx, audio.Clip{Rate: earRate, Samples: make([]int16, earRate/10)})
	}
	return err
}

// complaints returns ": " and the last error in PocketSphinx's log, or "" if there
// is none.
func complaints(dir scratch) string {
	log, err := dir.read(logFile, maxText)
	if err != nil {
		return ""
	}
	var found string
	for line := range strings.Lines(string(log)) {
		if strings.HasPrefix(line, "ERROR") || strings.HasPrefix(line, "FATAL") {
			found = ": " + strings.TrimSpace(line)
		}
	}
	return found
}

func openTranscribeCommand(p programs, c transcribeConfig) (ear, error) {
	command, err := newCommandLine(c.Command)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, clip audio.Clip) (string, error) {
		dir, err := newScratch()
		if err != nil {
			return "", err
		}
		defer dir.remove()
		if err := dir.write(recordingFile, audio.EncodeWAV(clip)); err != nil {
			return "", err
		}
		text, err := p.run(ctx, invocation{
			argv:      command.fill("", dir.path(recordingFile), dir.path(transcriptFile)),
			dir:       string(dir),
			timeout:   c.Timeout.Std(),
			maxOutput: maxText,
		})
		if err == nil && command.has(outPlaceholder) {
			text, err = dir.read(transcriptFile, maxText)
		}
		return strings.TrimSpace(string(text)), err
	}, nil
}
