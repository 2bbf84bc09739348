package host_test

import (
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAGrantIsMadeByAProcessThatMayDoIt(t *testing.T) {
	t.Parallel()
	var started atomic.Int32
	c := newCage(t, func(o *host.Options) {
		o.Observe = func(e host.Event) {
			if e.Kind == host.Started {
				started.Add(1)
			}
		}
	})
	note := filepath.Join(t.TempDir(), "note")
	must(t, os.WriteFile(note, []byte("for the plugin"), 0o600))
	if got, err := c.try(t, "hostile/read", note); err == nil {
		t.Fatalf("it reads %q without a grant", got)
	}
	grant := func() {
		t.Helper()
		must(t, c.Grant(t.Context(), core.KindConverter, "hostile/read", core.Permissions{Read: []string{note}}))
	}
	grant()
	if got, err := c.try(t, "hostile/read", note); err != nil || got != "for the plugin" {
		t.Errorf("with a grant it reads %q, %v", got, err)
	}
	before := started.Load()
	grant() // the same again changes nothing
	if got, err := c.try(t, "hostile/read", note); err != nil || got != "for the plugin" {
		t.Errorf("after the same grant it reads %q, %v", got, err)
	}
	if before != 2 || started.Load() != before {
		t.Errorf("%d processes were started for the first grant, and %d in all; want 2 and 2", before, started.Load())
	}
}

func TestAGrantToWhatIsHeldToNothingLeavesItRunning(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	pid := pidOf(t, h)
	must(t, h.Grant(t.Context(), core.KindConverter, "pid", core.Permissions{Read: []string{"/etc/hostname"}}))
	if again := pidOf(t, h); again != pid {
		t.Errorf("process %d was replaced by %d", pid, again)
	}
}
