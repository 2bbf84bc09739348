//go:build linux

package host_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// mortal is the configuration of a component that dies so many times, and reads
// what it has noted.
func mortal(t *testing.T, deaths int) (config string, noted func() string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "noted")
	return fmt.Sprintf(`{"file": %q, "deaths": %d, "prefix": "as configured: "}`, file, deaths), func() string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
}

func TestAConverterIsAskedOnceMoreInTheNextProcessWithItsConfiguration(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	config, noted := mortal(t, 1)
	bystander := openConverter(t, h, "echo", `{"prefix": "still "}`)
	out, err := openConverter(t, h, "mortal", config).Convert(t.Context(), core.TextValue("x"))
	if err != nil || out.Text() != "as configured: x" {
		t.Errorf("got %q, %v", out.Text(), err)
	}
	if got := noted(); got != "died\n" {
		t.Errorf("it noted %q, want one death", got)
	}
	if out, err := bystander.Convert(t.Context(), core.TextValue("here")); err != nil || out.Text() != "still here" {
		t.Errorf("what was open beside it: %q, %v", out.Text(), err)
	}
	log.waitFor(t, "[ERROR]", `plugin "orchestrator" died (exit status 3)`)
	log.waitFor(t, "[WARN]", "plugin is started again: deaths=1 at_most=3")
}

func TestAScorerIsAskedOnceMore(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	config, _ := mortal(t, 1)
	s, err := core.OpenAs[core.Scorer](t.Context(), h.Using(nil), "mortal", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Score(t.Context(), core.Evidence{}); err != nil || got.Rationale != "as configured: " {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnErrorOfAComponentIsNoReasonToAskAgain(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	if _, err := openConverter(t, h, "fail", "").Convert(t.Context(), core.TextValue("unavailable")); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("error %v, want the component's", err)
	}
	if lines := log.String(); strings.Contains(lines, "started again") {
		t.Errorf("the plugin was started again:\n%s", lines)
	}
}

func TestAPluginThatDiesAgainAndAgainStaysDown(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "acme")}, o.Log), nil
	})
	config, noted := mortal(t, 100)
	c := openConverter(t, h, "acme/mortal", config)
	for _, deaths := range []int{2, 4} { // each call is tried twice
		_, err := c.Convert(t.Context(), core.TextValue("x"))
		if core.KindOf(err) != core.ErrorUnavailable || !containsAll(err.Error(), []string{`plugin "acme" died (exit status 3)`, "the disk is full"}) {
			t.Errorf("error %v, want how the process died", err)
		}
		if got := strings.Count(noted(), "died"); got != deaths {
			t.Errorf("it died %d times, want %d", got, deaths)
		}
	}
	for name, call := range map[string]func() error{
		"what was open": func() error { _, err := c.Convert(t.Context(), core.TextValue("x")); return err },
		"what is opened": func() error {
			_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "acme/pid", nil)
			return err
		},
	} {
		err := call()
		if core.KindOf(err) != core.ErrorInternal || !containsAll(err.Error(), []string{`plugin "acme" died 4 times; the plugin is not started again`, "exit status 3", "the disk is full"}) {
			t.Errorf("%s: %v, want an internal error that tells all", name, err)
		}
	}
	if got := strings.Count(noted(), "died"); got != 4 {
		t.Errorf("it died %d times, want 4", got)
	}
}

func TestDeathsAreForgottenOnceAPluginHasWorkedForAWhile(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) { o.ProvenAfter = time.Nanosecond })
	config, noted := mortal(t, 12)
	c := openConverter(t, h, "mortal", config)
	for range 6 { // each call is tried twice
		if _, err := c.Convert(t.Context(), core.TextValue("x")); core.KindOf(err) != core.ErrorUnavailable {
			t.Errorf("error %v, want how the process died", err)
		}
	}
	if out, err := c.Convert(t.Context(), core.TextValue("x")); err != nil || out.Text() != "as configured: x" {
		t.Errorf("after 12 deaths: %q, %v", out.Text(), err)
	}
	if got := strings.Count(noted(), "died"); got != 12 || strings.Contains(log.String(), "deaths=2") {
		t.Errorf("it died %d times, want 12, each as the first:\n%s", got, log)
	}
}

func TestATurnIsNeverRepeatedAndTheNextConversationWorks(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	config, noted := mortal(t, 1)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "mortal", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	talk := func() core.Conversation {
		c, err := target.StartConversation(t.Context(), core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	lost := talk()
	for range 2 { // it stays lost
		_, err = lost.Send(t.Context(), core.UserText("one"))
		if core.KindOf(err) != core.ErrorUnavailable || !containsAll(err.Error(), []string{"exit status 3", "the disk is full"}) {
			t.Errorf("error %v, want how the process died", err)
		}
	}
	if err := lost.End(t.Context()); err != nil {
		t.Errorf("ending what is lost: %v", err)
	}
	if _, err := talk().Send(t.Context(), core.UserText("two")); err != nil {
		t.Errorf("the next conversation: %v", err)
	}
	if got, want := noted(), "heard one\ndied\nheard two\n"; got != want {
		t.Errorf("it noted %q, want %q", got, want)
	}
}

func TestEveryCallInFlightLearnsOfADeathAndTheyShareTheRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() // outlives the plugin, which writes into it
	h, log := newHost(t, nil)
	const calls = 8
	c := openConverter(t, h, "block", "")
	talk := talkTo(t, h, "parrot")
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	marker := func(i int) string { return filepath.Join(dir, fmt.Sprint(i)) }
	started := func() bool {
		for i := range calls {
			if _, err := os.Stat(marker(i)); err != nil {
				return false
			}
		}
		return true
	}
	for i := range calls {
		waiting.Go(func() {
			if _, err := c.Convert(ctx, core.TextValue(marker(i))); core.KindOf(err) == core.ErrorUnavailable && ctx.Err() == nil {
				t.Errorf("a converter was not asked again: %v", err)
			}
		})
	}
	failed := make(chan error, 1)
	go func() { _, err := talk.Send(t.Context(), core.UserText("wait")); failed <- err }()
	eventually(t, 10*time.Second, "all calls have started", started)
	pid := pidOf(t, h)
	for i := range calls {
		if err := os.Remove(marker(i)); err != nil {
			t.Fatal(err)
		}
	}
	signalTo(t, pid, syscall.SIGKILL)
	if err := <-failed; core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "signal: killed") {
		t.Errorf("the turn: %v, want how the process died", err)
	}
	eventually(t, 10*time.Second, "all calls have started again", started)
	cancel()
	waiting.Wait()
	if got := strings.Count(log.String(), "plugin is started again"); got != 1 {
		t.Errorf("the plugin was started again %d times, want once", got)
	}
}

func TestARestartIsWaitedForNoLongerThanTheContextAllows(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.RestartPause = time.Hour })
	c := openConverter(t, h, "echo", "")
	signalTo(t, pidOf(t, h), syscall.SIGKILL)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	eventually(t, 10*time.Second, "the death is noticed", func() bool { _, err := c.Convert(ctx, core.TextValue("x")); return err != nil })
	if _, err := c.Convert(ctx, core.TextValue("x")); core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("error %v, want a timeout", err)
	}
	closing := make(chan error, 1)
	go func() { _, err := c.Convert(t.Context(), core.TextValue("x")); closing <- err }()
	closeWithin(t, h, 4*time.Second)
	if err := <-closing; core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a call during Close: %v, want an unavailable error that says why", err)
	}
}

func TestAFrozenPluginIsNoticedByADeadline(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) {
		o.HeartbeatEvery, o.HeartbeatTimeout = 20*time.Millisecond, 5*time.Second
	})
	talk := talkTo(t, h, "parrot")
	pid := pidOf(t, h)
	signalTo(t, pid, syscall.SIGSTOP)
	if _, err := talk.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorUnavailable ||
		!strings.Contains(err.Error(), `plugin "orchestrator" did not answer for 5s and was killed`) {
		t.Errorf("error %v, want one that says that it was frozen", err)
	}
	log.waitFor(t, "[ERROR]", "did not answer for 5s and was killed")
	if running(pid) {
		t.Error("the frozen process is still there")
	}
	if got := ask(t, h, "nested/length", "four"); got != "4" {
		t.Errorf("afterwards the plugin answers %q", got)
	}
}

func TestAPluginThatAnswersLateLives(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.HeartbeatEvery, o.HeartbeatTimeout = 10*time.Millisecond, 30*time.Second
	})
	pid := pidOf(t, h)
	c := openConverter(t, h, "echo", "")
	for range 3 {
		signalTo(t, pid, syscall.SIGSTOP)
		answered := make(chan error, 1)
		go func() { _, err := c.Convert(t.Context(), core.TextValue("x")); answered <- err }()
		signalTo(t, pid, syscall.SIGCONT)
		if err := <-answered; err != nil {
			t.Fatal(err)
		}
	}
	if after := pidOf(t, h); after != pid {
		t.Errorf("the process changed from %d to %d", pid, after)
	}
}

func TestWhatAPluginHasStartedGoesWithItWhenItDies(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	var grandchildren [2]int
	for i, where := range []string{"in the group", "in a group of its own"} {
		if _, err := fmt.Sscan(ask(t, h, "spawn", where), &grandchildren[i]); err != nil {
			t.Fatal(err)
		}
	}
	signalTo(t, pidOf(t, h), syscall.SIGKILL)
	for _, pid := range grandchildren {
		eventually(t, 10*time.Second, fmt.Sprintf("process %d ends", pid), func() bool { return !running(pid) })
	}
}

func TestWhatHappensToAPluginsProcessIsTold(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []host.Event
	h, _ := newHost(t, func(o *host.Options) {
		o.Observe = func(e host.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e)
		}
	})
	config, _ := mortal(t, 1)
	if _, err := openConverter(t, h, "mortal", config).Convert(t.Context(), core.TextValue("x")); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	var what []host.EventKind
	for _, e := range told {
		what = append(what, e.Kind)
		if e.Plugin != "orchestrator" || e.Kind != host.Restarting && e.PID == 0 {
			t.Errorf("told %+v without its plugin or process", e)
		}
		if e.Kind == host.Died && e.Reason != "died (exit status 3)" {
			t.Errorf("told %+v, want how it died", e)
		}
	}
	if want := []host.EventKind{host.Started, host.Died, host.Restarting, host.Started, host.Stopped}; !slices.Equal(what, want) {
		t.Errorf("told %v, want %v", what, want)
	}
}

func TestADeathIsToldBeforeTheRestart(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []host.EventKind
	restarting := make(chan struct{})
	h, _ := newHost(t, func(o *host.Options) {
		o.Observe = func(e host.Event) {
			switch e.Kind {
			case host.Restarting:
				close(restarting)
			case host.Died: // the next call is made meanwhile
				select {
				case <-restarting:
				case <-time.After(100 * time.Millisecond):
				}
			}
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Kind)
		}
	})
	config, _ := mortal(t, 1)
	if _, err := openConverter(t, h, "mortal", config).Convert(t.Context(), core.TextValue("x")); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []host.EventKind{host.Started, host.Died, host.Restarting, host.Started}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestAStartIsToldBeforeTheEnd(t *testing.T) {
	t.Parallel()
	died := make(chan struct{})
	var mu sync.Mutex
	var told []host.EventKind
	h, _ := newHost(t, func(o *host.Options) {
		o.Observe = func(e host.Event) {
			if e.Kind == host.Started { // it dies while its start is told
				signalTo(t, e.PID, syscall.SIGKILL)
				select {
				case <-died:
				case <-time.After(100 * time.Millisecond):
				}
			}
			mu.Lock()
			told = append(told, e.Kind)
			mu.Unlock()
			if e.Kind == host.Died {
				close(died)
			}
		}
	})
	if _, err := h.Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-died
	mu.Lock()
	defer mu.Unlock()
	if want := []host.EventKind{host.Started, host.Died}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}

func TestAPluginThatDiesWhenAskedWhatItOffersHasDied(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var told []host.EventKind
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "shy")}, o.Log), nil
		o.Observe = func(e host.Event) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Kind)
		}
	})
	catalog, err := h.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := catalog.Plugins()[0].Err; err == nil || !strings.Contains(err.Error(), "died (exit status 4)") {
		t.Errorf("the error is %v, want how it died", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if want := []host.EventKind{host.Died}; !slices.Equal(told, want) {
		t.Errorf("told %v, want %v", told, want)
	}
}
