package engine_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// greet sends "Hello." to the scene's targets.
func (s *scene) greet(ctx context.Context) ([]engine.Contact, error) {
	return engine.Greet(ctx, s.plan, core.UserText("Hello."), engine.Options{
		Components: engine.Components{
			Opener:  func(core.Targets) core.Opener { return s.shelf },
			Secrets: s.lookup,
		},
		Watchers: engine.Watchers{Observer: s.seen}, Redactor: s.redact,
	})
}

// greeted returns the one contact of a scene with one target.
func (s *scene) greeted(ctx context.Context) engine.Contact {
	s.t.Helper()
	contacts, err := s.greet(ctx)
	if err != nil || len(contacts) != 1 {
		s.t.Fatalf("contacts %+v, %v", contacts, err)
	}
	return contacts[0]
}

func TestEachTargetGetsOneMessageInAConversationThatIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listens := func(name string, took time.Duration) *agent {
			return &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
				time.Sleep(took)
				return says(name + " heard " + heard[0].Text()), nil
			}}
		}
		a, b := listens("agent", time.Second), listens("judge", 3*time.Second)
		s := newScene(t, a, "an attack")
		s.target("judge", b, 1)
		contacts, err := s.greet(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []struct {
			name string
			took time.Duration
		}{{"agent", time.Second}, {"judge", 3 * time.Second}} {
			c := contacts[i]
			if c.Target != want.name || c.Err != nil || c.Took != want.took || c.Blank || c.Reply.Message.Text() != want.name+" heard Hello." {
				t.Errorf("contact %d: %+v, want %s after %s", i, c, want.name, want.took)
			}
		}
		for _, target := range []*agent{a, b} {
			if open, _, sent := target.counts(); open != 0 || sent != 1 || !target.closed {
				t.Errorf("%d conversations are open, %d messages were sent, closed: %t", open, sent, target.closed)
			}
		}
		if slices.Contains(s.shelf.opened, "leaked") {
			t.Errorf("opened %q, want targets only", s.shelf.opened)
		}
	})
}

func TestATargetThatFailsDoesNotConcernTheOthers(t *testing.T) {
	const key = "sk-canary-4711"
	lost := core.Errorf(core.ErrorUnavailable, "connection lost")
	for name, test := range map[string]struct {
		agent  *agent
		broken error
		kind   core.ErrorKind
		want   string
	}{
		"it cannot be opened": {&agent{}, core.Errorf(core.ErrorConfig, "no model"), core.ErrorConfig, `target "agent" (agent): no model`},
		"no conversation begins": {
			&agent{start: func(context.Context, core.Start) error { return core.Errorf(core.ErrorAuth, "key %s is refused", key) }}, nil,
			core.ErrorAuth, `target "agent": starting the conversation: key [redacted] is refused`,
		},
		"it does not answer": {
			&agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return core.Reply{}, lost }}, nil,
			core.ErrorUnavailable, `target "agent": sending: connection lost`,
		},
		"its reply breaks off": {
			&agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
				r := says("key " + key)
				r.Finish = core.FinishBroken
				return r, lost
			}}, nil,
			core.ErrorUnavailable, `target "agent": sending: connection lost`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, test.agent)
			s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
			s.lookup = func(secret.Reference) (string, error) { return key, nil }
			s.redact = secret.NewRedactor()
			s.shelf.broken["agent"] = test.broken
			s.target("judge", &agent{}, 1)
			contacts, err := s.greet(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			c := contacts[0]
			if c.Err == nil || core.KindOf(c.Err) != test.kind || !strings.HasPrefix(c.Err.Error(), test.want) {
				t.Errorf("error %v (%s), want %s (%s)", c.Err, core.KindOf(c.Err), test.want, test.kind)
			}
			if strings.Contains(c.Reply.Message.Text(), key) {
				t.Errorf("the reply tells the key: %q", c.Reply.Message.Text())
			}
			if contacts[1].Err != nil || contacts[1].Reply.Message.Text() != "no" {
				t.Errorf("the other target: %+v", contacts[1])
			}
			if open, _, _ := test.agent.counts(); open != 0 {
				t.Errorf("%d conversations are open", open)
			}
		})
	}
}

func TestAMissingSecretIsNamedAndNothingIsOpened(t *testing.T) {
	s := newScene(t, &agent{})
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
	s.lookup = func(secret.Reference) (string, error) {
		return "", core.Errorf(core.ErrorConfig, "KEY is not set").WithHint("export it")
	}
	if c := s.greeted(t.Context()); c.Err == nil || !strings.Contains(c.Err.Error(), "KEY is not set") || core.HintOf(c.Err) != "export it" || c.Took != 0 {
		t.Errorf("%+v", c)
	}
	if len(s.shelf.opened) > 0 {
		t.Errorf("opened %q", s.shelf.opened)
	}
}

func TestAReplyWithoutContentIsBlank(t *testing.T) {
	s := newScene(t, &agent{answer: answers(" \n")})
	if c := s.greeted(t.Context()); !c.Blank || c.Err != nil {
		t.Errorf("%+v", c)
	}
}

func TestAGreetingKeepsTheTargetsTimeLimitAndTheCallersContext(t *testing.T) {
	hangs := func() *agent {
		return &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
			<-ctx.Done()
			return core.Reply{}, ctx.Err()
		}}
	}
	t.Run("the target's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := hangs()
			s := newScene(t, a)
			s.plan.Targets[0].Limits.Timeout = 7 * time.Second
			c := s.greeted(t.Context())
			if core.KindOf(c.Err) != core.ErrorTimeout || !strings.Contains(c.Err.Error(), "no answer within 7s") || c.Took != 7*time.Second ||
				core.HintOf(c.Err) == "" {
				t.Errorf("%+v", c)
			}
			if open, _, _ := a.counts(); open != 0 || !a.closed {
				t.Errorf("%d conversations are open, closed: %t", open, a.closed)
			}
		})
	})
	t.Run("the caller's", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			a := hangs()
			s := newScene(t, a)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(2*time.Second, cancel)
			begun := time.Now()
			contacts, err := s.greet(ctx)
			if !errors.Is(err, context.Canceled) || len(contacts) != 1 || core.KindOf(contacts[0].Err) != core.ErrorInterrupted || time.Since(begun) != 2*time.Second {
				t.Errorf("%+v, %v after %s", contacts, err, time.Since(begun))
			}
			if open, _, _ := a.counts(); open != 0 || !a.closed {
				t.Errorf("%d conversations are open, closed: %t", open, a.closed)
			}
		})
	})
}

func TestAGreetingKeepsTheScopesBounds(t *testing.T) {
	t.Run("turns", func(t *testing.T) {
		a, b := &agent{}, &agent{}
		s := newScene(t, a)
		s.target("judge", b, 1)
		s.plan.Bounds.MaxTurns = 1
		contacts, err := s.greet(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, _, one := a.counts()
		_, _, other := b.counts()
		if one+other != 1 {
			t.Errorf("%d messages were sent, want one", one+other)
		}
		stopped := slices.DeleteFunc(contacts, func(c engine.Contact) bool { return c.Err == nil })
		if len(stopped) != 1 || !strings.Contains(stopped[0].Err.Error(), "scope.max_turns: 1 of 1 turns are used") || core.HintOf(stopped[0].Err) == "" {
			t.Errorf("stopped %+v", stopped)
		}
	})
	t.Run("time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newScene(t, &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
				<-ctx.Done()
				return core.Reply{}, ctx.Err()
			}})
			s.plan.Bounds.MaxDuration = 5 * time.Second
			if c := s.greeted(t.Context()); c.Err == nil || !strings.Contains(c.Err.Error(), "scope.max_duration: 5s are over") {
				t.Errorf("%+v", c)
			}
		})
	})
	t.Run("window", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { // which begins on 1 January 2000 at midnight
			a := &agent{}
			s := newScene(t, a)
			s.plan.Bounds.Window = &scope.Window{From: 9 * time.Hour, To: 17 * time.Hour, Zone: time.UTC}
			if contacts, err := s.greet(t.Context()); core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "scope.window") {
				t.Errorf("%+v, %v", contacts, err)
			}
			if _, _, sent := a.counts(); sent != 0 {
				t.Errorf("%d messages were sent", sent)
			}
		})
	})
}

func TestATargetThatRefusesBecauseOfItsLimitsIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals := 1
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			if refusals--; refusals >= 0 {
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "slower").After(4 * time.Second)
			}
			return says("hello"), nil
		}})
		s.plan.Targets[0].Limits.Retries = 1
		c := s.greeted(t.Context())
		if c.Err != nil || len(c.Reply.Warnings) != 1 {
			t.Errorf("%+v", c)
		}
		if paused := seen[record.TargetPaused](s); len(paused) != 1 || paused[0].For != 4*time.Second {
			t.Errorf("paused %+v", paused)
		}
	})
}

func TestAGreetingsConversationIsEndedAfterItsReplyWithAContextOfItsOwn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	answered, ended := false, 0
	s := newScene(t, &agent{
		answer: func(context.Context, []core.Message) (core.Reply, error) {
			answered = true
			cancel()
			return core.Reply{}, context.Canceled
		},
		end: func(ctx context.Context) error {
			ended++
			if _, limited := ctx.Deadline(); !answered || ctx.Err() != nil || !limited {
				t.Errorf("ended with the context's error %v, limited: %t, after an answer: %t", ctx.Err(), limited, answered)
			}
			return nil
		},
	})
	if _, err := s.greet(ctx); !errors.Is(err, context.Canceled) || ended != 1 {
		t.Errorf("error %v, ended %d times", err, ended)
	}
}

func TestAConversationThatCannotBeEndedIsAWarning(t *testing.T) {
	s := newScene(t, &agent{end: func(context.Context) error { return errors.New("still busy") }})
	if c := s.greeted(t.Context()); c.Err != nil {
		t.Errorf("%+v", c)
	}
	if got := s.seen.warnings(); len(got) != 1 || got[0] != `target "agent": ending the conversation: still busy` {
		t.Errorf("warnings %q", got)
	}
}
