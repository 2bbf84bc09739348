package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
)

// Env holds everything that a command uses of the process, so that tests can
// replace it.
type Env struct {
	// Args are the arguments without the program's name.
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Asks reports whether Stdin and Stderr are terminals, so that a command may ask.
	Asks bool
	// Terminal reports whether Stderr is a terminal.
	Terminal bool
	// Width is the number of columns of Stdout; 0 where it is not a terminal.
	Width int
	// LookupEnv reads an environment variable.
	LookupEnv func(name string) (string, bool)
	// Environ is the whole environment, for a plugin's launcher.
	Environ []string
	// Files reads the files of campaigns; nil uses those of the operating
	// system.
	Files app.Files
	// Executable is the path of this program, which is started again to serve
	// the bundled components.
	Executable string
	// DataDir is the folder of this user's runs and plugins.
	DataDir string
	Now     func() time.Time

	// raw is Stdout without escaping, for output for programs. Run sets it.
	raw io.Writer
}

// signalContext returns a context that the first SIGINT, SIGTERM or SIGHUP cancels. A
// second one ends the process at once.
func signalContext() (ctx context.Context, stop context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // it is ignored under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop = signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// surviveBrokenPipes lets a run outlive whoever reads its output, such as head: a write
// fails then, and does not end the process.
func surviveBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

// openFiles returns how many files this process may have open at a time; 0 where that is
// not known. When a program in Go starts, it raises the limit to the hard one.
func openFiles() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Cur
}

// systemEnv returns the Env of this process. Its Stderr is set even with an
// error.
func systemEnv() (Env, error) {
	executable, err := os.Executable()
	if err != nil {
		return Env{Stderr: os.Stderr}, fmt.Errorf("finding this program's own file: %w", err)
	}
	return Env{
		Args:       os.Args[1:],
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Asks:       term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd())),
		Terminal:   term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		Width:      width(os.Stdout),
		LookupEnv:  os.LookupEnv,
		Environ:    os.Environ(),
		Files:      osFiles{},
		Executable: executable,
		DataDir:    dataDir(),
		Now:        time.Now,
	}, nil
}

// width returns the number of columns of a terminal, 0 for anything else.
func width(file *os.File) int {
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// osFiles are the files of the operating system.
type osFiles struct{}

// Open opens a folder.
func (osFiles) Open(folder string) (app.Folder, error) { return os.OpenRoot(folder) }

// Resolve follows symbolic links.
func (osFiles) Resolve(path string) (string, error) { return filepath.EvalSymlinks(path) }

// Abs makes a path absolute, from the current folder.
func (osFiles) Abs(path string) (string, error) { return filepath.Abs(path) }

// dataDir follows the XDG Base Directory Specification, and on macOS its
// convention.
func dataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "orchestrator")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support", "orchestrator")
	}
	return filepath.Join(home, ".local", "share", "orchestrator")
}
