package orchestrator_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// block is a fenced block of a Markdown file.
type block struct {
	line     int
	language string
	// file is the name in a "<!-- file: NAME -->" comment just above.
	file string
	text string
}

var fileComment = regexp.MustCompile(`^<!-- file: (\S+) -->$`)

func blocks(t *testing.T, name string) []block {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var (
		all    []block
		open   *block
		file   string
		number int
	)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		number++
		line := lines.Text()
		switch {
		case open == nil && strings.HasPrefix(line, "```"):
			open = &block{line: number, language: strings.TrimPrefix(line, "```"), file: file}
		case open != nil && line == "```":
			all = append(all, *open)
			open, file = nil, ""
		case open != nil:
			open.text += line + "\n"
		default:
			if m := fileComment.FindStringSubmatch(line); m != nil {
				file = m[1]
			}
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is not closed", name, open.line)
	}
	return all
}

// setUp matches the commands that bring a reader to a built checkout. CI runs
// the make targets themselves; this test only sees that they exist.
var setUp = regexp.MustCompile(`^(git clone \S+|cd \S+|make ([a-z]+)( .*)?)$`)

func TestEveryCommandAndCampaignOfTheReadmeWorks(t *testing.T) {
	dir := workspace(t)
	ran := 0
	for _, b := range blocks(t, "README.md") {
		switch b.language {
		case "yaml":
			if b.file == "" {
				t.Fatalf("README.md:%d: a YAML block without a <!-- file: NAME --> comment cannot be tested", b.line)
			}
			if err := os.WriteFile(filepath.Join(dir, b.file), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, dir, b.line, "bin/orchestrator validate "+b.file)
			ran++
		case "sh":
			for i, command := range strings.Split(strings.TrimSpace(b.text), "\n") {
				run(t, dir, b.line+1+i, command)
				ran++
			}
		}
	}
	if ran < 5 {
		t.Errorf("the test ran %d commands; it does not see the README's", ran)
	}
}

// workspace returns a folder that looks like a built checkout.
func workspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "bin")+"/", "./cmd/orchestrator", "./examples/voicebot")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"campaigns", "examples"} {
		if err := os.Symlink(filepath.Join(here, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var wantedExit = regexp.MustCompile(`\s+# exit code (\d+).*$`)

// run runs one command of the README. A command that ends with & is stopped
// at the end of the test; "# exit code N" behind a command says how it ends.
func run(t *testing.T, dir string, line int, command string) {
	t.Helper()
	if m := setUp.FindStringSubmatch(command); m != nil {
		if m[2] != "" {
			makeTargetExists(t, line, m[2])
		}
		return
	}
	want := 0
	if m := wantedExit.FindStringSubmatch(command); m != nil {
		want, _ = strconv.Atoi(m[1])
		command = strings.TrimSuffix(command, m[0])
	}
	if background, ok := strings.CutSuffix(command, " &"); ok {
		start(t, dir, line, background)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := inWorkspace(ctx, dir, command)
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("README.md:%d: %s: exit code %d, want %d (%v)\n%s", line, command, got, want, err, out)
	}
}

func inWorkspace(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"))
	return cmd
}

func makeTargetExists(t *testing.T, line int, target string) {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
		t.Errorf("README.md:%d: there is no make target %s", line, target)
	}
}

// start starts a server of the README and waits until it says that it listens.
func start(t *testing.T, dir string, line int, command string) {
	t.Helper()
	cmd := inWorkspace(context.Background(), dir, "exec "+command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("README.md:%d: %s: %v", line, command, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	listening := make(chan error, 1)
	go func() {
		defer close(listening)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if strings.HasPrefix(lines.Text(), "listening on ") {
				listening <- nil
				break
			}
		}
		for lines.Scan() { // keep the pipe empty
		}
	}()
	select {
	case err, ok := <-listening:
		if !ok {
			err = fmt.Errorf("it ended")
		}
		if err != nil {
			t.Fatalf("README.md:%d: %s: %v", line, command, err)
		}
	case <-time.After(time.Minute):
		t.Fatalf("README.md:%d: %s did not start listening within a minute", line, command)
	}
}

func TestTheMakefileHasAtMostEightTargets(t *testing.T) {
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	targets := regexp.MustCompile(`(?m)^[a-z]+:`).FindAll(makefile, -1)
	if len(targets) > 8 || len(targets) == 0 {
		t.Errorf("the Makefile has %d targets, want 1 to 8", len(targets))
	}
}

func TestEveryCampaignInTheRepositoryPlansCleanly(t *testing.T) {
	campaigns, err := filepath.Glob("campaigns/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(campaigns) == 0 {
		t.Fatal("there is no campaign")
	}
	dir := workspace(t)
	for _, c := range campaigns {
		cmd := inWorkspace(t.Context(), dir, "bin/orchestrator validate "+c)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", c, err, out)
		}
	}
}
