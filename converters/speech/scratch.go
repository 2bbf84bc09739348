package speech

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// scratch is the path of a temporary folder for the files of one conversion.
type scratch string

func newScratch() (scratch, error) {
	dir, err := os.MkdirTemp("", "orchestrator-speech-")
	if err != nil {
		return "", fmt.Errorf("making a folder for temporary files: %w", err)
	}
	return scratch(dir), nil
}

func (s scratch) path(name string) string { return filepath.Join(string(s), name) }

func (s scratch) write(name string, data []byte) error {
	if err := os.WriteFile(s.path(name), data, 0o600); err != nil {
		return fmt.Errorf("writing a temporary file: %w", err)
	}
	return nil
}

// read returns a file that a program has written. A missing file, and one of more
// than limit bytes, is an error of the kind [core.ErrorProtocol].
func (s scratch) read(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(s.path(name))
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "the program ended without writing the file that it was asked for: %w", err)
	}
	if info.Size() > limit {
		return nil, core.Errorf(core.ErrorProtocol, "the program wrote a file of %d bytes, more than %d", info.Size(), limit)
	}
	data, err := os.ReadFile(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("reading what the program wrote: %w", err)
	}
	return data, nil
}

func (s scratch) remove() { _ = os.RemoveAll(string(s)) }
