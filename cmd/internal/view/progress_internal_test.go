package view

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// watched is what is shown of a run of two trials, with a warning and a line of the log.
func watched(terminal bool) string {
	var out bytes.Buffer
	p := NewProgress(&out, terminal)
	first, second := record.TrialInfo{ID: "polite/1"}, record.TrialInfo{ID: "polite/2"}
	p.Begin("20261123-aaaa", 2, nil)
	p.Observe(record.TrialStarted{Trial: first})
	p.Observe(record.TurnEnded{Trial: first})
	p.Observe(record.Warning{Trial: first, Message: "the voice \x1b[2Jwas\nignored"})
	p.Observe(record.TrialEnded{Trial: first, Result: record.Result{Outcome: core.Succeeded, Reason: "turn 1: \x1b[31mleaked"}})
	fmt.Fprintln(p, "[WARN] a plugin speaks")
	p.Observe(record.Warning{Message: "closing target"})
	p.Observe(record.TrialEnded{Trial: second, Result: record.Result{Outcome: core.Errored, Reason: "no answer"}})
	p.Finish()
	fmt.Fprintln(p, "[INFO] after the end")
	return out.String()
}

func TestProgressOnAPipeIsALineForEachTrial(t *testing.T) {
	want := `run 20261123-aaaa: 2 trials
warning: polite/1: the voice \u001b[2Jwas ignored
1/2  succeeded     polite/1: turn 1: \u001b[31mleaked
[WARN] a plugin speaks
warning: closing target
2/2  errored       polite/2: no answer
[INFO] after the end
`
	if got := watched(false); got != want {
		t.Errorf("printed\n%s\nwant\n%s", got, want)
	}
}

func TestProgressOnATerminalLeavesNothingButWholeLines(t *testing.T) {
	want := `run 20261123-aaaa: 2 trials
warning: polite/1: the voice \u001b[2Jwas ignored
[WARN] a plugin speaks
warning: closing target
[INFO] after the end
`
	if got := screen(watched(true)); got != want {
		t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
	}
}

func TestTheWarningsOfTrialsAreCounted(t *testing.T) {
	p := NewProgress(&bytes.Buffer{}, false)
	p.Begin("20261123-aaaa", 1, nil)
	for _, id := range []string{"polite/1", "", "polite/2"} { // one is of the whole run
		p.Observe(record.Warning{Trial: record.TrialInfo{ID: id}, Message: "the voice was ignored"})
	}
	if got := p.Warnings(); got != 2 {
		t.Errorf("%d warnings, want 2", got)
	}
}

func TestTheBarShowsTheOutcomesWithin80Columns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const trials = 1001
		var out bytes.Buffer
		p := NewProgress(&out, true)
		p.Begin("20261123-aaaa", trials, nil)
		for range trials - 1 {
			time.Sleep(90 * time.Millisecond) // so that there is a time to predict
			p.Observe(record.TrialEnded{Trial: record.TrialInfo{}, Result: record.Result{Outcome: core.Errored}})
		}
		line := screen(out.String())
		line = line[strings.LastIndexByte(line, '\n')+1:]
		if !strings.Contains(line, "0 succeeded, 1000 errored") || len([]rune(line)) >= 80 {
			t.Errorf("the bar is %q", line)
		}
	})
}

// screen returns what a terminal of any width shows in the end.
func screen(output string) string {
	var lines []string
	line := ""
	for rest := output; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "\x1b[2K"):
			line, rest = "", rest[len("\x1b[2K"):]
		case rest[0] == '\r':
			rest = rest[1:]
			if !strings.HasPrefix(rest, "\n") && rest != "" {
				line = "" // what follows is drawn over it
			}
		case rest[0] == '\n':
			lines, line, rest = append(lines, line), "", rest[1:]
		default:
			line, rest = line+rest[:1], rest[1:]
		}
	}
	return strings.Join(append(lines, line), "\n")
}

// lastLine is what the bar shows in the end.
func lastLine(output string) string {
	line := screen(output)
	return strings.ReplaceAll(line[strings.LastIndexByte(line, '\n')+1:], "\x1b[0K", "")
}

func TestTheBarSaysThatATargetIsPausedForAsLongAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		p := NewProgress(&out, true)
		p.Begin("20261123-aaaa", 5000, nil)
		p.Observe(record.TargetPaused{Target: "agent", For: 12 * time.Second, Reason: record.PauseAsked})
		p.Observe(record.TargetPaused{Target: "judge-with-a-very-long-name", For: 300 * time.Millisecond, Reason: record.PauseRefused})
		for _, step := range []struct {
			after time.Duration
			want  string
		}{
			{1100 * time.Millisecond, "agent paused 11s: rate limited "}, // the bar is redrawn every second
			{2 * time.Second, "agent paused 9s: rate limited "},
			{8 * time.Second, "agent paused 1s: rate limited "},
			{2 * time.Second, "0 succeeded, 0 errored "},
		} {
			time.Sleep(step.after)
			synctest.Wait()
			if line := lastLine(out.String()); !strings.Contains(line, step.want) || len([]rune(line)) >= 80 {
				t.Errorf("the bar is %q, want %q", line, step.want)
			}
		}
		p.Observe(record.TargetPaused{Target: "agent", For: time.Minute, Reason: record.PauseDown})
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if line := lastLine(out.String()); !strings.Contains(line, "agent paused 59s: down ") {
			t.Errorf("the bar is %q, want the target that is down", line)
		}
		p.Observe(record.TargetResumed{Target: "agent"})
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		if line := lastLine(out.String()); !strings.Contains(line, "0 succeeded, 0 errored ") {
			t.Errorf("the bar is %q, want no word of the pause any more", line)
		}
		p.Finish()
	})
}

func TestTheBarOfPausedTargetsFitsInto80Columns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out lockedBuffer
		p := NewProgress(&out, true)
		p.Begin("20261123-aaaa", 100_000, nil)
		for _, step := range []struct{ target, want string }{
			{"an-agent-with-a-long-name", "an-agent-with… paused 9m58s: limit used up "},
			{"judge", "2 targets paused 9m58s "},
		} {
			p.Observe(record.TargetPaused{Target: step.target, For: 9*time.Minute + 59*time.Second, Reason: record.PauseUsedUp})
			time.Sleep(1100 * time.Millisecond)
			synctest.Wait()
			// The three bytes of the ellipsis are one column.
			if line := lastLine(out.String()); !strings.Contains(line, step.want) || len(strings.ReplaceAll(line, "…", ".")) >= 80 {
				t.Errorf("the bar is %q, want %q", line, step.want)
			}
		}
		p.Finish()
	})
}

// lockedBuffer can be read while it is written.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
