package host

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/programfile"
)

// bothPrograms is the hint where a companion does not belong to this program.
const bothPrograms = "put the two programs of one release into the folder; in a checkout, make build builds both"

// executable is the verified program of a companion or a third party. The open file is the one that
// was hashed and, where the system supports that, the one that is started, even
// if the path refers to another file by then.
type executable struct {
	file *os.File
	// sum is the SHA-256 of the file in hexadecimal.
	sum string
}

// openExecutable returns an error for a program that other users could change,
// and for one without the required hash.
func openExecutable(p program) (*executable, error) {
	if err := Trusted(p.path()); err != nil {
		return nil, err
	}
	file, err := programfile.Open(p.path())
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "plugin: %w", err)
	}
	e := &executable{file: file}
	if e.sum, err = hash(file); err != nil {
		e.close()
		return nil, err
	}
	if p.hash != "" && !strings.EqualFold(p.hash, e.sum) {
		e.close()
		return nil, p.changed(e.sum)
	}
	return e, nil
}

// changed returns the error for a program with another checksum than it must have.
func (p program) changed(sum string) error {
	if p.origin == companion {
		return core.Errorf(core.ErrorConfig, "the program is not the one that this orchestrator was built with: its SHA-256 is %s, not %s", sum, p.hash).
			WithHint(bothPrograms)
	}
	return core.Errorf(core.ErrorConfig, "the program is not the one that was locked: its SHA-256 is %s, not %s", sum, p.hash).
		WithHint("if it was updated on purpose, lock the new version")
}

// command returns the command that starts the program.
//
// A script is started by its path and not by the open file: its interpreter
// opens it again, and looks beside it for imports. The verified file is the one
// that runs as long as only its owner can write to its folders ([Trusted]).
func (e *executable) command(argv []string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // ended by stop, with its whole group, and not by a context
	if !e.isScript() {
		startOpenFile(cmd, e.file)
	}
	return cmd
}

func (e *executable) isScript() bool {
	start := make([]byte, 2)
	_, err := e.file.ReadAt(start, 0)
	return err == nil && bytes.Equal(start, []byte("#!"))
}

func (e *executable) close() { _ = e.file.Close() } // it was only read

// HashFile returns the SHA-256 of a file in hexadecimal.
func HashFile(path string) (string, error) {
	f, err := programfile.Open(path)
	if err != nil {
		return "", fmt.Errorf("taking the checksum: %w", err)
	}
	sum, err := hash(f)
	return sum, errors.Join(err, f.Close())
}

func hash(r io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return "", fmt.Errorf("taking the checksum: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
