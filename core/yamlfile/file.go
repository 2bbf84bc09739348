package yamlfile

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// MaxFile is the size in bytes that most files are bounded to. What yaml.v3 keeps
// of a file is about thirty times its size.
const MaxFile = 1 << 20

// ReadFile reads a regular file of at most limit bytes; of a longer one it returns
// the first limit+1. Devices and pipes, which end late or never, are refused before
// they are opened.
func ReadFile(fsys fs.FS, name string, limit int64) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(io.LimitReader(f, limit+1))
}

// File is a file while it is read.
type File struct {
	Report
	// what is what the file holds, in messages: "the campaign".
	what  string
	lines []string
	// replaced are the scalars that were replaced, with what the file has.
	replaced map[*yaml.Node]*yaml.Node
}

// Parse parses the one YAML document of a file of at most limit bytes. what names
// it in messages: "the campaign". Where the text is no such document, ok is false,
// and the file's problems say why.
func Parse(data []byte, what string, limit int) (f *File, root Value, ok bool) {
	f = &File{what: what}
	if !f.checkText(data, limit) {
		return f, Value{}, false
	}
	f.lines = strings.Split(string(data), "\n")
	node := f.parse(data)
	if node == nil {
		return f, Value{}, false
	}
	return f, Value{node: node, label: what, file: f}, true
}

// checkText refuses what is no text of a fit size.
func (f *File) checkText(data []byte, limit int) bool {
	start := Position{1, 1}
	switch {
	case len(data) > limit:
		f.Problem(start, "put long texts and datasets into files of their own", "%s is larger than %d MiB", f.what, limit>>20)
		return false
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}) || bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		f.Problem(start, "save it as UTF-8", "%s is in UTF-16", f.what)
		return false
	}
	return f.checkCharacters(data)
}

// checkCharacters refuses characters that a text does not hold, and those that
// end a line for yaml.v3 but not for an editor: positions would be off.
func (f *File) checkCharacters(data []byte) bool {
	before := f.Count()
	at := Position{1, 1}
	for rest := data; len(rest) > 0; {
		c, size := utf8.DecodeRune(rest)
		rest = rest[size:]
		switch {
		case c == utf8.RuneError && size == 1:
			f.Problem(at, "save it as UTF-8", "not UTF-8 text")
			return false
		case c == '\r' && !bytes.HasPrefix(rest, []byte("\n")), c == '\u0085', c == '\u2028', c == '\u2029':
			f.Problem(at, fmt.Sprintf(`write "\u%04X" in double quotes`, c), "the character U+%04X ends a line in YAML, though editors do not show it", c)
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7F:
			f.Problem(at, fmt.Sprintf(`write "\u%04X" in double quotes`, c), "the control character U+%04X is not allowed", c)
		}
		at.Column++
		if c == '\n' {
			at = Position{at.Line + 1, 1}
		}
	}
	return f.Count() == before
}

// line returns a line of the file, counted from 1, without its end.
func (f *File) line(number int) (string, bool) {
	if number < 1 || number > len(f.lines) {
		return "", false
	}
	return strings.TrimSuffix(f.lines[number-1], "\r"), true
}
