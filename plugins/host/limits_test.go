//go:build linux

package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAPluginThatFillsMemoryIsKilledAndTheRecordSaysWhy(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) { o.Limits.Memory = 256 << 20 })
	_, err := openConverter(t, h, "fill", "").Convert(t.Context(), core.TextValue(fmt.Sprint(300<<20)))
	record := regexp.MustCompile(`plugin "orchestrator" used [\d.]+ MiB of memory; its limit is 256 MiB: it was killed`)
	if core.KindOf(err) != core.ErrorUnavailable || !record.MatchString(err.Error()) {
		t.Errorf("error %v, want %s", err, record)
	}
	if !record.MatchString(log.String()) {
		t.Error("the log does not say it")
	}
	if got := ask(t, h, "nested/length", "four"); got != "4" {
		t.Errorf("afterwards the plugin answers %q", got)
	}
}

func TestMemoryOfWhatAPluginHasStartedCounts(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) { o.Limits.Memory = 256 << 20 })
	if _, err := openConverter(t, h, "spawn", "").Convert(t.Context(), core.TextValue("that fills memory")); err != nil {
		t.Fatal(err)
	}
	log.waitFor(t, "[ERROR]", "of memory; its limit is 256 MiB: it was killed")
}

// meetings makes calls that go in pairs, and returns how many the plugin saw at
// a time.
func meetings(t *testing.T, h *host.Host, calls int, payload []byte) int {
	t.Helper()
	c := openConverter(t, h, "meet", "")
	var mu sync.Mutex
	most := 0
	var meeting sync.WaitGroup
	for range calls {
		meeting.Go(func() {
			out, err := c.Convert(t.Context(), core.Value{Modality: core.Text, MediaType: core.MediaText, Data: payload})
			var n int
			if _, scanErr := fmt.Sscan(out.Text(), &n); err != nil || scanErr != nil {
				t.Error(errors.Join(err, scanErr))
			}
			mu.Lock()
			defer mu.Unlock()
			most = max(most, n)
		})
	}
	meeting.Wait()
	return most
}

func TestNoMoreCallsAreInProgressThanMayBe(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Limits.Calls = 2 })
	if most := meetings(t, h, 16, nil); most != 2 {
		t.Errorf("%d calls were in progress at a time, want 2", most)
	}
}

func TestNoMoreBytesAreInFlightThanMayBe(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Limits.InFlight = 3200 << 10 })
	if most := meetings(t, h, 16, make([]byte, 1<<20)); most != 2 && most != 3 {
		t.Errorf("%d calls of 1 MiB were in progress at a time, want at most 3", most)
	}
}

func TestAThousandTurnsAreInProgressAtATime(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "crowd", nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var turns sync.WaitGroup
	for range 1000 {
		turns.Go(func() {
			talk, err := target.StartConversation(ctx, core.Start{})
			if err == nil {
				_, err = talk.Send(ctx, core.UserText("hello"))
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	turns.Wait()
}

func TestAMessageLargerThanWhatMayBeInFlightPassesAlone(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Limits.InFlight = 1 << 20 })
	c := openConverter(t, h, "echo", "")
	large := bytes.Repeat([]byte("x"), 8<<20)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			out, err := c.Convert(t.Context(), core.Value{Modality: core.Text, MediaType: core.MediaText, Data: large})
			if err != nil || !bytes.Equal(out.Data, large) {
				t.Errorf("%d bytes came back, %v", len(out.Data), err)
			}
		})
	}
	calls.Wait()
}

func TestACallThatWaitsForItsTurnHonoursItsContext(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Limits.Calls = 1 })
	waits := openConverter(t, h, "meet", "") // for another that cannot come
	echo := openConverter(t, h, "echo", "")
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := waits.Convert(ctx, core.TextValue("")); first <- err }()
	eventually(t, 10*time.Second, "the second call is out of time", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		_, err := echo.Convert(ctx, core.TextValue("x"))
		return core.KindOf(err) == core.ErrorTimeout && strings.Contains(err.Error(), "waiting for one of the 1 calls in progress to end")
	})
	talk := talkTo(t, h, "caller") // targets do not queue behind those who may use them
	if _, err := talk.Send(t.Context(), core.UserText("x")); err != nil {
		t.Errorf("a target: %v", err)
	}
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	if _, err := echo.Convert(t.Context(), core.TextValue("x")); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAFloodOfLogIsDroppedAndCounted(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	const lines = 50_000
	ask(t, h, "flood", fmt.Sprint(lines))
	ask(t, h, "log", "")
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	shown, dropped := strings.Count(log.String(), ": water"), 0
	for _, summary := range regexp.MustCompile(`\[WARN\]  host.orchestrator: dropped (\d+) lines of log`).FindAllStringSubmatch(log.String(), -1) {
		var n int
		if _, err := fmt.Sscan(summary[1], &n); err != nil {
			t.Fatal(err)
		}
		dropped += n
	}
	if shown == 0 || shown > lines/10 || shown+dropped < lines {
		t.Errorf("of %d lines %d were shown and %d counted as dropped", lines, shown, dropped)
	}
}

func TestLongLinesOfLogCountAsSeveral(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	ask(t, h, "torrent", "")
	log.waitFor(t, "dropped", "lines of log")
	if n := len(log.String()); n > 8<<20 {
		t.Errorf("the log has %d bytes of the 48 MB that it was flooded with", n)
	}
}

func TestTheLastWordsOfAFloodAreKept(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	ask(t, h, "flood", "50000")
	_, err := openConverter(t, h, "exit", "").Convert(t.Context(), core.TextValue(""))
	if err == nil || !strings.Contains(err.Error(), "the disk is full disk=sda") {
		t.Errorf("error %v, want the last words", err)
	}
}
