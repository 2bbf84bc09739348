package cli

import (
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// saver writes the sounds and images of a conversation to files:
// DIR/<turn>-<who>.wav.
type saver struct {
	dir string
	out io.Writer
	err error
}

// saveTurns writes the sounds and images of turns and prints the files' names.
func saveTurns(out io.Writer, dir string, turns []record.Turn) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("saving: %w", err)
	}
	s := &saver{dir: dir, out: out}
	fmt.Fprintln(out)
	for _, t := range turns {
		s.message(t.Index, t.Sent)
		if t.Reply != nil {
			s.message(t.Index, t.Reply.Message)
		}
	}
	return s.err
}

func (s *saver) message(turn int, m core.Message) {
	saved := 0
	for _, p := range m.Parts {
		if p.Modality != core.Audio && p.Modality != core.Image || len(p.Data) == 0 {
			continue
		}
		saved++
		name := fmt.Sprintf("%d-%s", turn+1, m.Role)
		if saved > 1 {
			name += fmt.Sprintf("-%d", saved)
		}
		path := filepath.Join(s.dir, name+extension(p.Value))
		if err := os.WriteFile(path, p.Data, 0o600); err != nil {
			if s.err == nil {
				s.err = fmt.Errorf("saving: %w", err)
			}
			continue
		}
		fmt.Fprintf(s.out, "saved %s\n", path)
	}
}

// extension is the file name extension for a value's media type. It does not
// use the system's table, which differs between systems.
func extension(v core.Value) string {
	base, _, _ := mime.ParseMediaType(v.MediaType)
	known := map[string]string{
		core.MediaWAV: ".wav", "audio/x-wav": ".wav", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "audio/flac": ".flac", "audio/webm": ".webm",
		"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp",
	}
	if e, ok := known[base]; ok {
		return e
	}
	return ".bin"
}
