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

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Env is the world as a command sees it, so that tests can give it another.
type Env struct {
	// Args are the arguments without the program's name.
	Args   []string
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Terminal reports whether Stderr is a terminal that can be redrawn.
	Terminal bool
	// Width is how many columns Stdout has; 0 where it is no terminal.
	Width int
	// LookupEnv reads an environment variable.
	LookupEnv func(name string) (string, bool)
	// Environ is the whole environment, which a plugin's launcher passes on.
	Environ []string
	// ReadFile reads a regular file within a folder, and never one outside
	// it. It fails where the file is larger than limit.
	ReadFile func(folder, name string, limit int64) ([]byte, error)
	// Executable is the path of this program, which is started again to
	// serve the bundled components.
	Executable string
	// DataDir is where this user's runs and plugins are kept.
	DataDir string
	Now     func() time.Time

	// raw is Stdout, for what is not for people's eyes. Run sets it.
	raw io.Writer
}

// Main runs the program in the real world and returns its exit code. The first
// SIGINT, SIGTERM or SIGHUP asks the command to stop and leave a consistent
// record; a second one ends the process at once.
func Main() int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop)

	env, err := systemEnv()
	if err != nil {
		fmt.Fprintln(os.Stderr, "orchestrator: error:", err)
		return exitNoEvidence
	}
	return Run(ctx, env)
}

func systemEnv() (Env, error) {
	executable, err := os.Executable()
	if err != nil {
		return Env{}, fmt.Errorf("finding this program's own file: %w", err)
	}
	return Env{
		Args:       os.Args[1:],
		Stdin:      os.Stdin,
		Stdout:     os.Stdout,
		Stderr:     os.Stderr,
		Terminal:   term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		Width:      width(os.Stdout),
		LookupEnv:  os.LookupEnv,
		Environ:    os.Environ(),
		ReadFile:   readFile,
		Executable: executable,
		DataDir:    dataDir(),
		Now:        time.Now,
	}, nil
}

// width returns how many columns a terminal has, 0 for anything else.
func width(file *os.File) int {
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// readFile reads a file of at most limit bytes, of a folder or below it. Devices and
// pipes are refused: a campaign may be somebody else's.
func readFile(folder, name string, limit int64) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	data, err := yamlfile.ReadFile(root.FS(), filepath.ToSlash(name), limit)
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, err
}

// dataDir follows the XDG Base Directory Specification, and each other
// system's own custom.
func dataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "orchestrator")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "orchestrator")
	case "windows":
		return filepath.Join(home, "AppData", "Local", "orchestrator")
	default:
		return filepath.Join(home, ".local", "share", "orchestrator")
	}
}
