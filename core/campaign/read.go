package campaign

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// maxFile bounds a campaign file. What yaml.v3 keeps of a file is about thirty
// times its size.
const maxFile = 1 << 20

// Read reads a campaign file from fsys, and the prompts, audio files and
// datasets that it refers to, which have to be in the campaign's folder or
// below it. display is the name that problems show.
//
// The error is [Problems] where the file, or one it refers to, is wrong: all
// problems at once, in the order of the file, or the first hundred of them. The
// campaign is then what could be understood of it, to look for further mistakes
// in; it must not be carried out. Another error means that the campaign file
// itself could not be read, and there is no campaign.
func Read(fsys fs.FS, name, display string) (*Campaign, error) {
	data, err := readFile(fsys, name, maxFile)
	if err != nil {
		return nil, fmt.Errorf("reading the campaign %s: %w", display, err)
	}
	r := newReader(fsys, name, "the campaign")
	c := r.read(data)
	c.File, c.Source, c.Files = display, data, r.files.sorted()
	if len(r.problems) > 0 {
		return c, r.sorted(display)
	}
	return c, nil
}

// readFile reads a regular file of at most limit bytes; of a longer one it
// returns the first limit+1.
func readFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // to open a pipe would wait for ever
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// reader turns a file into a Campaign or a Lock and collects what is wrong.
type reader struct {
	fsys fs.FS
	dir  string
	// what is what the file holds, in messages.
	what  string
	lines []string
	// files are those that have been read.
	files files
	// sounds is how long the silence and noise are that have been made.
	sounds   time.Duration
	problems []Problem
}

// newReader returns a reader of one file, and of those that it names. what is what
// it holds, in messages.
func newReader(fsys fs.FS, name, what string) *reader {
	return &reader{fsys: fsys, dir: path.Dir(name), what: what, files: files{}}
}

// problem notes that something is wrong. What goes into a hint or a message
// must not be a secret.
func (r *reader) problem(at Position, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{Position: at, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// secretProblem notes a problem on a line that must not be shown.
func (r *reader) secretProblem(at Position, hint, format string, args ...any) {
	r.problem(at, hint, format, args...)
	r.problems[len(r.problems)-1].Secret = true
}

// sorted returns the problems as [Problems.Sorted] does.
func (r *reader) sorted(display string) Problems {
	for i := range r.problems {
		r.problems[i].File = display
	}
	return Problems(r.problems).Sorted()
}

func (r *reader) read(data []byte) *Campaign {
	c := &Campaign{}
	root := r.root(data)
	if root == nil {
		return c
	}
	r.campaign(root, c)
	r.link(c)
	return c
}

// root returns the root of a YAML file, or nil where it is none.
func (r *reader) root(data []byte) *yaml.Node {
	if !r.checkText(data) {
		return nil
	}
	r.lines = strings.Split(string(data), "\n")
	return r.parse(data)
}

// checkText refuses what is no text of a fit size.
func (r *reader) checkText(data []byte) bool {
	start := Position{1, 1}
	switch {
	case len(data) > maxFile:
		r.problem(start, "put long texts and datasets into files of their own", "%s is larger than %d MiB", r.what, maxFile>>20)
		return false
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		r.problem(start, "save it as UTF-8", "%s is in UTF-16", r.what)
		return false
	}
	return r.checkCharacters(data)
}

// checkCharacters refuses characters that a text does not hold, and those that
// end a line for yaml.v3 but not for an editor: positions would be off.
func (r *reader) checkCharacters(data []byte) bool {
	before := len(r.problems)
	at := Position{1, 1}
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		switch {
		case c == utf8.RuneError && size == 1:
			r.problem(at, "save it as UTF-8", "not UTF-8 text")
			return false
		case c == '\r' && !bytes.HasPrefix(rest, []byte("\n")), c == '\u0085', c == '\u2028', c == '\u2029':
			r.problem(at, fmt.Sprintf(`write "\u%04X" in double quotes`, c), "the character U+%04X ends a line in YAML, though editors do not show it", c)
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F:
			r.problem(at, fmt.Sprintf(`write "\u%04X" in double quotes`, c), "the control character U+%04X is not allowed", c)
		}
		at.Column++
		if c == '\n' {
			at = Position{at.Line + 1, 1}
		}
	}
	return len(r.problems) == before
}
