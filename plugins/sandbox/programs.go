package sandbox

import (
	"bufio"
	"bytes"
	"debug/elf"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxFirstLine is how long the first line of a script may be, in bytes.
const maxFirstLine = 4 << 10

// programs collects what has to be executed and read so that programs run.
type programs struct {
	path          string // as in PATH
	execute, read []string
}

// find returns the absolute path of a program that has a name or an absolute
// path, or "" if there is none.
func (p *programs) find(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	for _, dir := range filepath.SplitList(p.path) {
		if file := filepath.Join(dir, name); isProgram(file) {
			return file
		}
	}
	return ""
}

// isProgram reports whether an absolute path is that of a file that can be
// executed.
func isProgram(file string) bool {
	info, err := os.Stat(file)
	return filepath.IsAbs(file) && err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// add adds a program, its dynamic loader, or what interprets it. What does not
// exist is left out, and so is what cannot be executed: a plugin's first line
// must not open a file of its choice.
func (p *programs) add(file string) {
	if slices.Contains(p.execute, file) || !isProgram(file) {
		return
	}
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // only read
	p.execute = append(p.execute, file)
	p.read = append(p.read, file)
	if line, ok := firstLine(f); ok {
		p.addInterpreter(line)
		return
	}
	p.add(loader(f))
}

// firstLine returns the words after #! if there are any.
func firstLine(f io.ReaderAt) (words []string, ok bool) {
	line, _ := bufio.NewReader(io.NewSectionReader(f, 0, maxFirstLine)).ReadString('\n') // the end of a short file ends its line
	rest, ok := strings.CutPrefix(line, "#!")
	words = strings.Fields(rest)
	return words, ok && len(words) > 0
}

// addInterpreter adds what the first line of a script names: a program, or env
// and a name for it to look for.
func (p *programs) addInterpreter(line []string) {
	p.add(line[0])
	interpreter := line[0]
	if filepath.Base(interpreter) == "env" {
		if interpreter = p.find(named(line[1:])); !isProgram(interpreter) {
			return
		}
		p.add(interpreter)
	}
	p.addInstallation(interpreter)
	if resolved, err := filepath.EvalSymlinks(interpreter); err == nil && resolved != interpreter {
		p.addInstallation(resolved)
	}
}

// named returns the program that env would run with these words, or "" where
// there is none. After an option with a value, such as -u, the next word would be
// taken for a program, so only options without one are understood.
func named(words []string) string {
	for _, word := range words {
		switch {
		case strings.Contains(word, "="), slices.Contains([]string{"-S", "-i", "-", "-v", "--"}, word):
		case strings.HasPrefix(word, "-"):
			return ""
		default:
			return word
		}
	}
	return ""
}

// addInstallation makes readable what is installed beside PREFIX/bin/NAME: the
// libraries, and for a virtual environment of Python those of the one that it
// was made from. The rest of PREFIX may be somebody's home.
func (p *programs) addInstallation(interpreter string) {
	prefix, bin := filepath.Dir(filepath.Dir(interpreter)), filepath.Base(filepath.Dir(interpreter))
	if bin != "bin" {
		return
	}
	config := filepath.Join(prefix, "pyvenv.cfg")
	beside := []string{filepath.Join(prefix, "lib"), filepath.Join(prefix, "lib64"), filepath.Join(prefix, "libexec"), config}
	if slices.Contains(p.read, beside[0]) {
		return
	}
	p.read = append(p.read, beside...)
	if home := venvHome(config); home != "" {
		p.addInstallation(filepath.Join(home, filepath.Base(interpreter)))
	}
}

// venvHome returns the folder of the interpreter that a virtual environment was
// made with, or "".
func venvHome(config string) string {
	data, err := os.ReadFile(config)
	if err != nil {
		return ""
	}
	for line := range bytes.Lines(data) {
		if key, value, ok := strings.Cut(string(line), "="); ok && strings.TrimSpace(key) == "home" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// loader returns the dynamic loader that an ELF program names, or "".
func loader(f io.ReaderAt) string {
	program, err := elf.NewFile(f)
	if err != nil {
		return ""
	}
	for _, part := range program.Progs {
		if part.Type == elf.PT_INTERP && part.Filesz < maxFirstLine {
			name, err := io.ReadAll(part.Open())
			if err != nil {
				return ""
			}
			return string(bytes.TrimRight(name, "\x00"))
		}
	}
	return ""
}
