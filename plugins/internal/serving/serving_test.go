package serving_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/serving"
)

func TestANameIsGivenOnce(t *testing.T) {
	var table serving.Table[string]
	a, b := table.Add("a"), table.Add("b")
	if got, ok := table.Get(a); !ok || got != "a" {
		t.Errorf("%s is %q, %v", a, got, ok)
	}
	if got, ok := table.Remove(b); !ok || got != "b" {
		t.Errorf("%s was %q, %v", b, got, ok)
	}
	if _, ok := table.Remove(b); ok {
		t.Errorf("%s is removed twice", b)
	}
	if c := table.Add("c"); c == a || c == b {
		t.Errorf("the name %s is given again", c)
	}
	items := table.Drain()
	slices.Sort(items)
	if !slices.Equal(items, []string{"a", "c"}) {
		t.Errorf("the rest is %v", items)
	}
	if _, ok := table.Get(a); ok {
		t.Error("an item is left in the table")
	}
	if d := table.Add("d"); d == a || d == b {
		t.Errorf("the name %s is given again after all was taken out", d)
	}
}

func TestACallEntersUntilCallsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls serving.Calls
		if !calls.Enter() {
			t.Fatal("a call is refused at first")
		}
		calls.Refuse()
		if calls.Enter() {
			t.Error("a call enters though calls are refused")
		}
		go func() {
			time.Sleep(time.Second)
			calls.Leave()
		}()
		began := time.Now()
		calls.Wait()
		if took := time.Since(began); took != time.Second {
			t.Errorf("waited %v for a call of a second", took)
		}
	})
}

// silent is a conversation that says nothing, and counts its ends.
type silent struct{ ends int }

func (*silent) Send(context.Context, core.Message) (core.Reply, error) { return core.Reply{}, nil }

func (s *silent) End(context.Context) error {
	s.ends++
	return nil
}

func TestCallsOfAConversationComeOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &silent{}
		c := serving.NewConversation(inner)
		if err := c.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Acquire(impatient); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second call beside the first one: %v", err)
		}
		waited := make(chan error)
		go func() { waited <- c.Acquire(t.Context()) }()
		synctest.Wait()
		if err := c.End(t.Context()); err != nil || inner.ends != 1 {
			t.Errorf("ended %d times: %v", inner.ends, err)
		}
		c.Release()
		if err := <-waited; !errors.Is(err, serving.ErrEnded) {
			t.Errorf("the call that waited for the end: %v", err)
		}
		if err := c.Acquire(t.Context()); !errors.Is(err, serving.ErrEnded) || core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("a call after the end: %v", err)
		}
	})
}

func TestAConversationIsEndedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &silent{}
		c := serving.NewConversation(inner)
		removed := 0
		remove := func() { removed++ }
		if err := c.Acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.EndOnce(impatient, remove); !errors.Is(err, context.DeadlineExceeded) || removed != 0 || inner.ends != 0 {
			t.Errorf("while a call goes on: %v, removed %d times and ended %d times", err, removed, inner.ends)
		}
		c.Release()
		for range 2 {
			if err := c.EndOnce(t.Context(), remove); err != nil || removed != 1 || inner.ends != 1 {
				t.Errorf("removed %d times and ended %d times: %v", removed, inner.ends, err)
			}
		}
		if err := c.Acquire(t.Context()); !errors.Is(err, serving.ErrEnded) {
			t.Errorf("a call after the end: %v", err)
		}
	})
}
