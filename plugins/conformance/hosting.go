package conformance

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

const (
	// stopping is how long a plugin may take to stop on request.
	stopping = 2 * time.Second
	// orphaned is how long a plugin may outlive a host that was killed.
	orphaned = 3 * time.Second
	// hosting is how long the other host may take to open everything.
	hosting = 20 * time.Second
	// longestPause is the longest interval between two searches for leftovers.
	longestPause = 100 * time.Millisecond
)

// order is the input of the other host: what to start, and what to open.
type order struct {
	Argv  []string
	Cases []Case
}

// report is a line of the other host's answer.
type report struct {
	// PID is the plugin's process, once everything is open in it.
	PID int
	// Stopped is how long it took to stop.
	Stopped time.Duration
	Error   string
}

// ServeHost is a host in a process of its own, which the kit stops or kills. It
// reads what to open, reports that it is open, and stops the plugin when its
// input ends.
func ServeHost(ctx context.Context, in io.Reader, out io.Writer) error {
	var given order
	decoder := json.NewDecoder(in)
	if err := decoder.Decode(&given); err != nil {
		return fmt.Errorf("reading what to open: %w", err)
	}
	var opened report
	h := host.New(host.Options{Bundled: given.Argv, Observe: func(e host.Event) {
		if e.Kind == host.Started {
			opened.PID = e.PID
		}
	}})
	if err := openAll(ctx, h, given.Cases); err != nil {
		opened.Error = err.Error()
	}
	answers := json.NewEncoder(out)
	if err := answers.Encode(opened); err != nil {
		return fmt.Errorf("saying what is open: %w", err)
	}
	_, _ = io.Copy(io.Discard, in)
	before := time.Now()
	err := h.Close()
	if err := answers.Encode(report{Stopped: time.Since(before)}); err != nil {
		return fmt.Errorf("saying that the plugin has stopped: %w", err)
	}
	return err
}

// openAll opens components, and starts a conversation with each target.
func openAll(ctx context.Context, h *host.Host, cases []Case) error {
	catalog, err := h.Describe(ctx)
	if err != nil {
		return err
	}
	for _, c := range cases {
		_, described, _ := catalog.Lookup(c.Kind, c.Use)
		o, err := subject{Case: c, schema: described}.open(ctx, Served(h, catalog), c.Config)
		if err != nil {
			return err
		}
		if target, ok := o.value.(core.Target); ok {
			if _, err := target.StartConversation(ctx, core.Start{}); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkEnds checks the end of the plugin's process, with all components open.
func (c *check) checkEnds(t T) {
	if c.openable == nil {
		c.serve(t, func(s Source, connected host.Plugin) { c.findOpenable(t, s, connected) })
	}
	t.Run(fmt.Sprintf("stops within %v, and leaves nothing behind", stopping), func(t T) {
		c.hosted(t, c.openable, func(other *otherHost) {
			_ = other.stdin.Close()
			stopped, err := other.report()
			if err != nil {
				t.Fatalf("stopping the plugin: %v", err)
			}
			if stopped.Stopped >= stopping {
				t.Errorf("the plugin took longer than %v to stop, and was killed", stopping)
			}
			_ = other.cmd.Wait()
			leavesNothing(t, other, time.Second)
		})
	})
	t.Run(fmt.Sprintf("ends within %v of its host's SIGKILL, and leaves nothing behind", orphaned), func(t T) {
		c.hosted(t, c.openable, func(other *otherHost) {
			_ = other.cmd.Process.Kill()
			_ = other.cmd.Wait()
			leavesNothing(t, other, orphaned)
		})
	})
}

// otherHost is a host in another process. All of its processes have temp as
// their folder for temporary files, and are identified by that.
type otherHost struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	output *bufio.Reader
	temp   string
	plugin int
}

// hosted starts another host that opens all components.
func (p Program) hosted(t T, open []Case, use func(*otherHost)) {
	temp, err := temporary()
	if err != nil {
		t.Fatalf("making a folder for temporary files: %v", err)
	}
	defer func() { _ = os.RemoveAll(temp) }()
	other := &otherHost{cmd: exec.CommandContext(t.Context(), p.Host[0], p.Host[1:]...), temp: temp}
	other.cmd.Env = append(other.cmd.Environ(), "TMPDIR="+temp)
	stdin, err := other.cmd.StdinPipe()
	if err != nil {
		t.Fatalf("making a pipe: %v", err)
	}
	stdout, err := other.cmd.StdoutPipe()
	if err != nil {
		t.Fatalf("making a pipe: %v", err)
	}
	if err := other.cmd.Start(); err != nil {
		t.Fatalf("starting another host: %v", err)
	}
	defer other.end()
	other.stdin, other.output = stdin, bufio.NewReader(stdout)
	if err := json.NewEncoder(stdin).Encode(order{Argv: p.Argv, Cases: open}); err != nil {
		t.Fatalf("telling the other host what to open: %v", err)
	}
	var ready report
	ended, err := within(hosting, func() (err error) {
		ready, err = other.report()
		return err
	})
	if !ended || err != nil || ready.Error != "" {
		t.Fatalf("another host cannot open what is to be open at the end: %v %s", err, ready.Error)
	}
	other.plugin = ready.PID
	use(other)
}

func (o *otherHost) report() (report, error) {
	line, err := o.output.ReadString('\n')
	if err != nil {
		return report{}, fmt.Errorf("reading the other host's answer: %w", err)
	}
	var r report
	if err := json.Unmarshal([]byte(line), &r); err != nil {
		return report{}, fmt.Errorf("reading the other host's answer %q: %w", line, err)
	}
	return r, nil
}

// end kills the host and all of its processes.
func (o *otherHost) end() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
	for _, pid := range o.descendants() {
		kill(pid)
	}
}

// temporary creates a folder whose path is short enough for a socket's.
func temporary() (string, error) {
	const longest = 41 - len("/plugin-test-1234567890") // with 41 bytes the host takes the folder for its sockets
	parent := os.TempDir()
	if len(parent) > longest {
		parent = "/tmp"
	}
	return os.MkdirTemp(parent, "plugin-test-")
}

// leavesNothing waits until neither processes nor sockets are left, at most for
// d.
func leavesNothing(t T, o *otherHost, d time.Duration) {
	deadline := time.Now().Add(d)
	pause := 5 * time.Millisecond
	for {
		var left []string
		for _, pid := range o.descendants() {
			left = append(left, fmt.Sprintf("process %d", pid))
		}
		left = append(left, sockets(o.temp)...)
		if len(left) == 0 {
			return
		}
		remaining := time.Until(deadline)
		if remaining <= 0 {
			t.Errorf("%v later there are still: %s", d, strings.Join(left, ", "))
			return
		}
		select {
		case <-time.After(min(pause, remaining)):
			pause = min(2*pause, longestPause)
		case <-t.Context().Done():
			t.Fatalf("%v", context.Cause(t.Context()))
		}
	}
}
