package limit_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// outage is a target that cannot be reached for some time.
type outage struct {
	from, until time.Duration // since the first request
	// begins says that it cannot be reached to begin a conversation, either.
	begins bool

	mu     sync.Mutex
	first  time.Time
	failed []time.Duration
}

func (o *outage) ask() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.first.IsZero() {
		o.first = time.Now()
	}
	since := time.Since(o.first)
	if since < o.from || since >= o.until {
		return nil
	}
	o.failed = append(o.failed, since)
	return core.Errorf(core.ErrorUnavailable, "connection refused")
}

// target answers each message after a second.
func (o *outage) target(t testing.TB, l scope.Limits) *target {
	a := newTarget(t, l)
	a.answer = func() (core.Reply, error) {
		time.Sleep(time.Second)
		return says("no"), o.ask()
	}
	if o.begins {
		a.start = o.ask
	}
	return a
}

func TestATargetThatIsDownIsWaitedForAndTriedWithOneRequestAtATime(t *testing.T) {
	for name, test := range map[string]struct {
		outage *outage
		lost   int // conversations, at most
		tries  int // while it was down, at most
	}{
		// Those whose message was on its way may have been heard.
		"conversations cannot begin": {&outage{from: 10 * time.Second, until: 5 * time.Minute, begins: true}, 8, 40},
		// Each try of a target that needs no connection is a conversation's message.
		"messages are not answered": {&outage{from: 10 * time.Second, until: 5 * time.Minute}, 30, 30},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := test.outage
				a := o.target(t, scope.Limits{Concurrency: 8, Retries: 4})
				begun := time.Now()
				lost := a.converseAll(t.Context(), 400, 1)
				t.Logf("%d lost in %s, %d tries while it was down", lost, time.Since(begun), len(o.failed))
				if lost > test.lost {
					t.Errorf("%d failed, want at most %d: %v", lost, test.lost, a.failures)
				}
				if len(o.failed) > test.tries {
					t.Errorf("it was tried %d times while it was down, after %v", len(o.failed), o.failed)
				}
				if took := time.Since(begun); took > 8*time.Minute {
					t.Errorf("it took %s", took)
				}
				got := a.seen.warnings()
				if len(got) != 2 || !strings.Contains(got[0], `target "agent" cannot be reached; its trials wait, and it is tried again from time to time`) ||
					!strings.Contains(got[0], "connection refused") || !strings.HasPrefix(got[1], `target "agent" answers again after `) {
					t.Errorf("warnings %q, want that it went down and that it is back", got)
				}
			})
		})
	}
}

func TestATargetThatStaysDownIsWaitedForAboutTenMinutesByEachRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{from: 10 * time.Second, until: 24 * time.Hour, begins: true}
		a := o.target(t, scope.Limits{Concurrency: 4, Retries: 4})
		begun := time.Now()
		lost := a.converseAll(t.Context(), 60, 1)
		waited := time.Since(begun)
		if lost < 10 || waited < 9*time.Minute || waited > 12*time.Minute {
			t.Errorf("%d were lost in %s, want all that were left after about ten minutes", lost, waited)
		}
		gaveUp := 0
		for _, err := range a.failures {
			if strings.Contains(err.Error(), `target "agent" is lost: it cannot be reached any more: the target has not come back within 10m0s`) {
				gaveUp++
				if core.KindOf(err) != core.ErrorUnavailable || !errors.Is(err, limit.ErrStopped) {
					t.Errorf("the kind of %q is %s", err, core.KindOf(err))
				}
			}
		}
		if gaveUp == 0 {
			t.Errorf("none gave up because the target did not come back: %v", a.failures)
		}
	})
}

func TestATargetThatNeverAnsweredIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{until: 24 * time.Hour, begins: true}
		a := o.target(t, scope.Limits{Concurrency: 4, Retries: 4})
		begun := time.Now()
		if lost := a.converseAll(t.Context(), 1000, 1); lost != 1000 || time.Since(begun) > 15*time.Second || len(a.seen.all()) > 20 {
			t.Errorf("%d lost after %s with %d events, want all of them after the tries of a start", lost, time.Since(begun), len(a.seen.all()))
		}
	})
}

func TestATargetThatNeverAnsweredIsLostAfterTheTriesOfAStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Retries: 6})
		a.start = func() error { return core.Errorf(core.ErrorUnavailable, "connection refused") }
		for i, want := range []int{7, 7, 7} {
			if _, err := a.begin(t.Context()); err == nil {
				t.Error("no error")
			}
			if tries, _ := a.counts(); tries != want {
				t.Errorf("after conversation %d it was tried %d times, want %d", i+1, tries, want)
			}
		}
	})
}

// Fewer failures than it takes to be absent are tried again, each by itself.
func TestATargetThatComesUpAtOnceIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failures := 4
		a := newTarget(t, scope.Limits{Retries: 4})
		a.start = func() error {
			if failures--; failures >= 0 {
				return core.Errorf(core.ErrorUnavailable, "not yet")
			}
			return nil
		}
		if lost := a.converseAll(t.Context(), 3, 1); lost != 0 {
			t.Errorf("%d lost: %v", lost, a.failures)
		}
	})
}

func TestATargetThatAnsweredInAnEarlierSessionIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{until: time.Minute, begins: true}
		a := o.target(t, scope.Limits{Concurrency: 4, Retries: 4})
		a.client.MarkAnswered()
		if lost := a.converseAll(t.Context(), 49, 1); lost > 0 {
			t.Errorf("%d lost: %v", lost, a.failures)
		}
	})
}

func TestASecondOutageBeginsWithTheShortestPauseAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		a := newTarget(t, scope.Limits{Concurrency: 4, Retries: 4})
		a.start = func() error {
			if down.Load() {
				return core.Errorf(core.ErrorUnavailable, "connection refused")
			}
			return nil
		}
		a.client.MarkAnswered()
		firstPause := func(outage time.Duration) time.Duration {
			before := len(a.seen.all())
			down.Store(true)
			time.AfterFunc(outage, func() { down.Store(false) })
			if lost := a.converseAll(t.Context(), 8, 1); lost > 0 {
				t.Errorf("%d lost: %v", lost, a.failures)
			}
			for _, e := range a.seen.all()[before:] {
				if p, ok := e.(record.TargetPaused); ok {
					return p.For
				}
			}
			t.Error("the target was not paused")
			return 0
		}
		first, second := firstPause(5*time.Minute), firstPause(time.Minute)
		if first > 2*time.Second || second > 2*time.Second {
			t.Errorf("the first outage began with a pause of %s, the second with one of %s; want about a second", first, second)
		}
	})
}

func TestTheFifthFailureInARowSaysThatATargetIsDown(t *testing.T) {
	unreachable := core.Errorf(core.ErrorUnavailable, "connection refused")
	for name, test := range map[string]struct {
		ends []error // of starts, nil for a message that is answered
		down bool
	}{
		"four":                       {[]error{unreachable, unreachable, unreachable, unreachable}, false},
		"five":                       {[]error{unreachable, unreachable, unreachable, unreachable, unreachable}, true},
		"an answer between them":     {[]error{unreachable, unreachable, unreachable, nil, unreachable, unreachable}, false},
		"five after an answer":       {[]error{unreachable, nil, unreachable, unreachable, unreachable, unreachable, unreachable}, true},
		"another error between them": {[]error{unreachable, unreachable, core.Errorf(core.ErrorAuth, "no"), unreachable, unreachable, unreachable}, true},
		"a refusal between them":     {[]error{unreachable, unreachable, core.Errorf(core.ErrorRateLimited, "no"), unreachable, unreachable, unreachable}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{})
				a.client.MarkAnswered()
				for _, end := range test.ends {
					a.start = func() error { return end }
					_, _ = a.begin(t.Context())
					if end == nil {
						_, _ = a.send(t.Context(), false)
					}
				}
				if down := told[record.TargetDown](a.seen); (len(down) == 1) != test.down {
					t.Errorf("down %+v, want %v", down, test.down)
				}
			})
		})
	}
}

// A failure says that a target is down where it speaks of reachability, and the
// conversation does not stand.
func TestOnlyWhatSpeaksOfReachabilityBeforeAConversationStandsSaysThatATargetIsDown(t *testing.T) {
	unavailable := core.Errorf(core.ErrorUnavailable, "connection refused")
	timeout := core.Errorf(core.ErrorTimeout, "no answer")
	type end struct {
		at  string // a start, the first message of a conversation, or a later one
		err error
	}
	for name, test := range map[string]struct {
		end  end
		down bool
	}{
		"a start, unavailable":                           {end{"start", unavailable}, true},
		"a start, a timeout":                             {end{"start", timeout}, false},
		"a start, a timeout that speaks of reachability": {end{"start", timeout.About(core.SubjectReachability)}, true},
		"a start, an answer":                             {end{"start", unavailable.About(core.SubjectAnswer)}, false},
		"a start, a configuration":                       {end{"start", core.Errorf(core.ErrorAuth, "no")}, false},
		"a start, a limit":                               {end{"start", unavailable.After(time.Millisecond)}, false},
		"a first message, unavailable":                   {end{"first", unavailable}, true},
		"a first message, a timeout":                     {end{"first", timeout}, false},
		"a first message, an answer":                     {end{"first", unavailable.About(core.SubjectAnswer)}, false},
		"a later message, unavailable":                   {end{"later", unavailable}, false},
		"a later message, reachability":                  {end{"later", timeout.About(core.SubjectReachability)}, false},
		"a later message, an answer":                     {end{"later", unavailable.About(core.SubjectAnswer)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{})
				a.client.MarkAnswered()
				a.start = func() error { return test.end.err }
				a.answer = func() (core.Reply, error) { return core.Reply{}, test.end.err }
				for range 20 {
					var err error
					ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
					if test.end.at == "start" {
						_, err = a.begin(ctx)
					} else {
						_, err = a.send(ctx, test.end.at == "later")
					}
					cancel()
					if err == nil {
						t.Fatal("no error")
					}
				}
				if down := told[record.TargetDown](a.seen); (len(down) > 0) != test.down {
					t.Errorf("down %+v, want %v", down, test.down)
				}
			})
		})
	}
}

func TestAServiceThatSaysWhenToComeBackIsWaitedForWhateverItsStatus(t *testing.T) {
	busy := core.Errorf(core.ErrorUnavailable, "HTTP 503 (Service Unavailable)")
	for name, test := range map[string]struct {
		err   error
		until time.Duration
		took  time.Duration
	}{
		"503 with a time":               {busy.After(12 * time.Second), 12 * time.Second, 12 * time.Second},
		"503 with a time, twice":        {busy.After(12 * time.Second), 20 * time.Second, 24 * time.Second},
		"503 that speaks of a limit":    {busy.About(core.SubjectLimit), 12 * time.Second, 0},
		"429 with a time":               {core.Errorf(core.ErrorRateLimited, "HTTP 429").After(12 * time.Second), 12 * time.Second, 12 * time.Second},
		"an internal error with a time": {core.Errorf(core.ErrorInternal, "HTTP 500").After(12 * time.Second), 12 * time.Second, 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				a := newTarget(t, scope.Limits{Concurrency: 4, Retries: 1})
				a.start = func() error {
					if time.Since(begun) < test.until {
						return test.err
					}
					return nil
				}
				if lost := a.converseAll(t.Context(), 8, 1); lost != 0 {
					t.Errorf("%d lost: %v", lost, a.failures)
				}
				starts, _ := a.counts()
				if took := time.Since(begun); test.took > 0 && (took < test.took || took > test.took+5*time.Second) || took > time.Minute {
					t.Errorf("it took %s, want about %s", took, test.took)
				}
				if starts > 40 {
					t.Errorf("it was tried %d times", starts)
				}
				if down := told[record.TargetDown](a.seen); len(down) > 0 {
					t.Errorf("it was taken to be down: %+v", down)
				}
			})
		})
	}
}

// A target that said when to come back has spoken: when it cannot be reached
// afterwards, it is down, and not absent.
func TestATargetThatRefusedHasAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		a := newTarget(t, scope.Limits{Concurrency: 4, Retries: 4})
		a.start = func() error {
			switch since := time.Since(begun); {
			case since < time.Second:
				return core.Errorf(core.ErrorUnavailable, "HTTP 503").After(time.Second)
			case since < time.Minute:
				return core.Errorf(core.ErrorUnavailable, "connection refused")
			}
			return nil
		}
		if lost := a.converseAll(t.Context(), 20, 1); lost != 0 {
			t.Errorf("%d lost: %v", lost, a.failures)
		}
		if n := len(told[record.TargetDown](a.seen)); n != 1 {
			t.Errorf("it went down %d times", n)
		}
	})
}

func TestAMessageThatMayHaveArrivedIsNotSentAgainWhateverTheServiceSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Retries: 4})
		a.answer = func() (core.Reply, error) {
			return core.Reply{}, core.Errorf(core.ErrorUnavailable, "HTTP 503").After(5 * time.Second)
		}
		begun := time.Now()
		if _, err := a.send(t.Context(), false); err == nil {
			t.Error("no error")
		}
		if _, sent := a.counts(); sent != 1 {
			t.Errorf("it was sent %d times", sent)
		}
		a.answer = nil
		if _, err := a.send(t.Context(), false); err != nil || time.Since(begun) != 5*time.Second {
			t.Errorf("the next was sent after %s, %v; want after the pause", time.Since(begun), err)
		}
	})
}
