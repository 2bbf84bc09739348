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

// story is a document that is being told.
type story struct {
	// dir is the folder of its files and commands.
	dir string
	// target is the address of the practice target.
	target string
}

// tell writes the files of a document and runs its commands.
func (s story) tell(t *testing.T, document string) {
	t.Helper()
	all := blocks(t, document)
	campaigns := s.writeFiles(t, document, all)
	commands := 0
	for _, b := range all {
		if b.language != "sh" {
			continue
		}
		for i, command := range strings.Split(strings.TrimSpace(b.text), "\n") {
			s.run(t, fmt.Sprintf("%s:%d", document, b.line+1+i), command)
			commands++
		}
	}
	for _, c := range campaigns {
		s.run(t, document, "bin/orchestrator validate --allow-commands --plugin-dir plugins "+c)
	}
	if commands == 0 || len(campaigns) == 0 {
		t.Errorf("%s: the test sees %d commands and %d campaigns", document, commands, len(campaigns))
	}
}

// readdressed returns a text of a document with the addresses of this story.
func (s story) readdressed(text string) string {
	return strings.NewReplacer(practiceAddress, s.target, otherAddress, freeAddress).Replace(text)
}

var wantedExit = regexp.MustCompile(`\s+# exit code (\d+).*$`)

// run runs one command of a document, which stands at a place. A command that
// ends with & is stopped at the end of the test; "# exit code N" behind a
// command says how it ends.
func (s story) run(t *testing.T, place, command string) {
	t.Helper()
	if m := setUp.FindStringSubmatch(command); m != nil {
		if m[2] != "" {
			makeTargetExists(t, place, m[2])
		}
		return
	}
	want := 0
	if m := wantedExit.FindStringSubmatch(command); m != nil {
		want, _ = strconv.Atoi(m[1])
		command = strings.TrimSuffix(command, m[0])
	}
	if background, ok := strings.CutSuffix(command, " &"); ok {
		if background != "bin/voicebot" { // which runs already, see practice
			s.start(t, place, s.readdressed(background))
		}
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := inWorkspace(ctx, s.dir, punctual(t, place, command))
	out, err := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("%s: %s: exit code %d, want %d (%v)\n%s", place, command, got, want, err, out)
	}
	if strings.HasPrefix(command, "bin/orchestrator plugins new ") {
		s.readdress(t)
	}
}

// readdress gives the campaign of a new plugin the address of the practice target.
func (s story) readdress(t *testing.T) {
	t.Helper()
	campaigns, err := filepath.Glob(filepath.Join(s.dir, "*", "campaign.yaml"))
	if err != nil || len(campaigns) == 0 {
		t.Fatalf("a new plugin has the campaigns %v, %v", campaigns, err)
	}
	for _, c := range campaigns {
		text := readFile(t, c)
		if !strings.Contains(text, practiceAddress) {
			t.Errorf("%s does not name %s", c, practiceAddress)
		}
		if err := os.WriteFile(c, []byte(s.readdressed(text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// moments are what a document gives five seconds to, by the command that does it: a
// command of the shell that succeeds from then on. The output is in the file "said".
var moments = map[string]string{
	"bin/orchestrator run night.yaml":    `tail -qn 1 data/orchestrator/runs/events/*.jsonl 2>/dev/null | grep -q '"event":"converter_ended","trial":"spoken/1"'`,
	"bin/orchestrator serve weekly.yaml": `grep -q "serve: serving" said`,
}

var (
	interrupted = regexp.MustCompile(`^timeout (.*) 5 (bin/orchestrator .*)$`)
	awaited     = regexp.MustCompile(`^(bin/orchestrator .*) & sleep 5; `)
)

// punctual returns a command of a document with the moment that it waits for in place
// of the time that it gives it, which a busy machine may not keep.
func punctual(t *testing.T, place, command string) string {
	t.Helper()
	moment := func(of string) string {
		if moments[of] == "" {
			t.Fatalf("%s: nothing is known of what %q gives five seconds to", place, command)
		}
		return "for _ in {1..600}; do " + moments[of] + " && break; sleep 0.1; done; "
	}
	if m := interrupted.FindStringSubmatch(command); m != nil {
		// With job control, a command in the background can be interrupted.
		return "set -m; timeout " + m[1] + " 120 " + m[2] + " >said 2>&1 & " + moment(m[2]) + "kill -INT $!; wait $!; code=$?; cat said; exit $code"
	}
	if m := awaited.FindStringSubmatch(command); m != nil {
		return m[1] + " & " + moment(m[1]) + strings.TrimPrefix(command, m[0])
	}
	return command
}

func inWorkspace(ctx context.Context, dir, command string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-c", command)
	cmd.Dir = dir
	// What the documents build shares the cache with this checkout's programs.
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+filepath.Join(dir, "data"), "CHECKOUT="+checkout(), "GOFLAGS=-trimpath", "CGO_ENABLED=0")
	return cmd
}

// checkout is the folder that tests run in.
func checkout() string {
	here, err := os.Getwd()
	if err != nil {
		return err.Error()
	}
	return here
}

func makeTargetExists(t *testing.T, place, target string) {
	t.Helper()
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
		t.Errorf("%s: there is no make target %s", place, target)
	}
}

// start starts a server of a document, waits until it says that it listens, and
// returns where.
func (s story) start(t *testing.T, place, command string) string {
	t.Helper()
	cmd := inWorkspace(context.Background(), s.dir, "exec "+command)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%s: %s: %v", place, command, err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	listening := make(chan string, 1)
	go func() {
		defer close(listening)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if address, ok := strings.CutPrefix(lines.Text(), "listening on "); ok {
				listening <- address
				break
			}
		}
		for lines.Scan() { // keep the pipe empty
		}
	}()
	select {
	case address, ok := <-listening:
		if !ok {
			t.Fatalf("%s: %s ended", place, command)
		}
		return address
	case <-time.After(time.Minute):
		t.Fatalf("%s: %s did not start listening within a minute", place, command)
	}
	return ""
}
