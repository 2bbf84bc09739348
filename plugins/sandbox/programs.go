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

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/programfile"
)

// maxFirstLine is the longest first line of a script that is read, in bytes.
const maxFirstLine = 4 << 10

// programs collects the files that have to be executable and readable for programs
// to run.
type programs struct {
	path          string // as in PATH
	execute, read []string
}

// find returns the absolute path of a program by its name or absolute path, or "" if
// PATH has none of that name.
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

// isProgram reports whether a path is absolute and that of an executable file.
func isProgram(file string) bool {
	info, err := os.Stat(file)
	return filepath.IsAbs(file) && err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// add adds a program with its dynamic loader or its interpreter. Files that do not
// exist or cannot be executed are left out: the first line of a script must not
// make an arbitrary file readable.
func (p *programs) add(file string) {
	if slices.Contains(p.execute, file) || !isProgram(file) {
		return
	}
	f, err := programfile.Open(file)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // opened for reading only
	p.execute = append(p.execute, file)
	p.read = append(p.read, file)
	if line, ok := firstLine(f); ok {
		p.addInterpreter(line)
		return
	}
	p.add(loader(f))
}

// firstLine returns the words after #! in the first line; false if there are none.
func firstLine(f io.ReaderAt) (words []string, ok bool) {
	line, _ := bufio.NewReader(io.NewSectionReader(f, 0, maxFirstLine)).ReadString('\n') // an error is the end of the file, which ends the line too
	rest, ok := strings.CutPrefix(line, "#!")
	words = strings.Fields(rest)
	return words, ok && len(words) > 0
}

// addInterpreter adds the programs that the words of a script's first line name: an
// interpreter, or env and the interpreter that env looks up.
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

// named returns the program that env runs with these arguments, or "" if it cannot
// be told. Only options without a value are known: after an option such as -u the
// next word would be taken for the program.
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

// addInstallation makes the libraries readable that belong to an interpreter
// PREFIX/bin/NAME: PREFIX/lib, lib64 and libexec, and for a Python virtual
// environment those of the installation that it was made from. The rest of PREFIX
// is left out, because PREFIX may be a home folder.
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

// venvHome returns the value of home in a pyvenv.cfg, the folder of the interpreter
// that the virtual environment was made with, or "".
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

// loader returns the path of an ELF program's dynamic loader, or "".
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
