package limit_test

import (
	"context"
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

func TestAConversationThatCannotBeBegunIsTriedAgainByTheKindOfItsError(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		retries int
		tries   int
	}{
		"unreachable":                       {core.Errorf(core.ErrorUnavailable, "no"), 3, 4},
		"unreachable, as another kind says": {core.Errorf(core.ErrorProtocol, "no").About(core.SubjectReachability), 3, 4},
		"unavailable for this one":          {core.Errorf(core.ErrorUnavailable, "no").About(core.SubjectAnswer), 3, 4},
		"no answer in time":                 {core.Errorf(core.ErrorTimeout, "no"), 2, 3},
		"no retries":                        {core.Errorf(core.ErrorUnavailable, "no"), 0, 1},
		"refused, no retries":               {core.Errorf(core.ErrorRateLimited, "no"), 0, 1},
		"a key that is wrong":               {core.Errorf(core.ErrorAuth, "no"), 4, 1},
		"a configuration that is wrong":     {core.Errorf(core.ErrorConfig, "no"), 4, 1},
		"something it cannot do":            {core.Errorf(core.ErrorUnsupported, "no"), 4, 1},
		"something it cannot take":          {core.Errorf(core.ErrorInput, "no"), 4, 1},
		"a broken protocol":                 {core.Errorf(core.ErrorProtocol, "no"), 4, 1},
		"a bug":                             {core.Errorf(core.ErrorInternal, "no"), 4, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Retries: test.retries})
				a.start = func() error { return test.err }
				if _, err := a.begin(t.Context()); err != test.err { //nolint:errorlint // the very error
					t.Errorf("failed with %v", err)
				}
				if tries, _ := a.counts(); tries != test.tries {
					t.Errorf("it was tried %d times, want %d", tries, test.tries)
				}
				retried := told[record.RequestRetried](a.seen)
				if len(retried) != test.tries-1 {
					t.Errorf("retried %+v, want %d times", retried, test.tries-1)
				}
				for i, r := range retried {
					if r != (record.RequestRetried{Target: "agent", Start: true, Try: i + 1, Kind: core.KindOf(test.err)}) {
						t.Errorf("retried %+v", r)
					}
				}
			})
		})
	}
}

func TestThePausesBetweenTriesDouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tried clock
		a := newTarget(t, scope.Limits{Retries: 8})
		a.start = func() error {
			tried.note()
			return core.Errorf(core.ErrorTimeout, "no")
		}
		begun := time.Now()
		_, _ = a.begin(t.Context())
		// 0.5, 1, 2, 4, 8, 15, 15 and 15 s, each give or take a half.
		if took := time.Since(begun); len(tried.since) != 9 || took < 28*time.Second || took > 95*time.Second {
			t.Errorf("tried after %v, in %s", tried.since, took)
		}
	})
}

func TestAMessageThatMayHaveArrivedIsNeverSentTwice(t *testing.T) {
	for _, kind := range core.ErrorKinds() {
		if kind == core.ErrorRateLimited {
			continue
		}
		t.Run(string(kind), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Retries: 4})
				a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(kind, "no") }
				_, err := a.send(t.Context(), false)
				if _, sent := a.counts(); sent != 1 || err == nil {
					t.Errorf("it was sent %d times, %v", sent, err)
				}
			})
		})
	}
}

func TestAMessageThatWasRefusedIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusals := 2
		a := newTarget(t, scope.Limits{Retries: 4})
		a.answer = func() (core.Reply, error) {
			if refusals > 0 {
				refusals--
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
			}
			return says("no"), nil
		}
		r, err := a.send(t.Context(), false)
		if err != nil || r.Refusals != 2 || len(r.Replies) != 1 || r.Sent != time.Now() {
			t.Errorf("%+v, %v; want a reply after two refusals, sent just now", r, err)
		}
		if got := a.seen.warnings(); len(got) != 1 || got[0] != `target "agent" refuses what is sent to it because of its limits; it is sent less from now on` {
			t.Errorf("warnings %q, want once that the service refuses", got)
		}
		want := []record.RequestRetried{{Target: "agent", Try: 1, Kind: core.ErrorRateLimited}, {Target: "agent", Try: 2, Kind: core.ErrorRateLimited}}
		if got := told[record.RequestRetried](a.seen); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
			t.Errorf("retried %+v, want %+v", got, want)
		}
		if r, err = a.send(t.Context(), true); err != nil || r.Refusals != 0 {
			t.Errorf("%+v, %v; want a reply without a refusal", r, err)
		}
	})
}

func TestAnExchangeOfWhichSomethingWasAnsweredIsNotHeldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exchanges := 0
		a := newTarget(t, scope.Limits{Retries: 4})
		r, err := a.client.Do(t.Context(), limit.Request{Messages: make([]core.Message, 2), Make: func(context.Context) ([]core.Reply, error) {
			exchanges++
			return []core.Reply{says("well")}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
		}})
		if exchanges != 1 || err == nil || len(r.Replies) != 1 {
			t.Errorf("it was held %d times, and came to %+v, %v", exchanges, r, err)
		}
	})
}

func TestAServiceThatRefusesForeverIsGivenUpAfterTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Retries: 4})
		a.answer = func() (core.Reply, error) { return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429") }
		begun := time.Now()
		r, err := a.send(t.Context(), false)
		if took := time.Since(begun); core.KindOf(err) != core.ErrorRateLimited || r.Refusals == 0 || took < 10*time.Minute || took > 11*time.Minute {
			t.Errorf("%+v, %v after %s", r, err, took)
		}
	})
}

func TestTheWaitForALimitIsNoTimeInWhichAMessageFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		refused := false
		a := newTarget(t, scope.Limits{Concurrency: 20, Retries: 4, RequestsPerMinute: 1})
		a.answer = func() (core.Reply, error) {
			if !refused && time.Since(begun) > 12*time.Minute {
				refused = true
				return core.Reply{}, core.Errorf(core.ErrorRateLimited, "HTTP 429")
			}
			return says("no"), nil
		}
		if lost := a.converseAll(t.Context(), 15, 1); lost != 0 || !refused {
			t.Errorf("%d lost (%v), want the message that was refused after a long wait sent again", lost, a.failures)
		}
	})
}

func TestAnInterruptedRequestWaitsForNothing(t *testing.T) {
	// failing begins some conversations, and then no more.
	failing := func(after int, kind core.ErrorKind) func() error {
		return func() error {
			if after--; after < 0 {
				return core.Errorf(kind, "no")
			}
			return nil
		}
	}
	for name, test := range map[string]struct {
		start            func() error
		requests, tokens int
	}{
		"for the limit of requests":            {nil, 1, 0},
		"for the limit of tokens":              {nil, 0, 1},
		"for a service that refuses":           {failing(4, core.ErrorRateLimited), 0, 0},
		"to try again":                         {failing(0, core.ErrorTimeout), 0, 0},
		"for a target that has gone down":      {failing(4, core.ErrorUnavailable), 0, 0},
		"for the one that tries such a target": {failing(4, core.ErrorUnavailable), 6, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newTarget(t, scope.Limits{Concurrency: 2, Retries: 100, RequestsPerMinute: test.requests, TokensPerMinute: test.tokens})
				a.start = test.start
				a.answer = func() (core.Reply, error) { return uses(8), nil }
				const after = 456 * time.Millisecond
				ctx, cancel := context.WithTimeout(t.Context(), after)
				defer cancel()
				begun := time.Now()
				a.converseAll(ctx, 6, 1)
				starts, sent := a.counts()
				if took := time.Since(begun); took != after {
					t.Errorf("it ended after %s, want %s", took, after)
				}
				time.Sleep(5 * time.Minute)
				if b, s := a.counts(); b != starts || s != sent {
					t.Error("something was sent afterwards")
				}
			})
		})
	}
}

func TestARequestThatNobodyWaitsForAnyMoreIsNotMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := newTarget(t, scope.Limits{Retries: 4})
		a.client.MarkAnswered()
		a.start = func() error {
			cancel()
			return core.Errorf(core.ErrorUnavailable, "no")
		}
		for range 6 {
			if _, err := a.begin(ctx); core.KindOf(err) != core.ErrorUnavailable {
				t.Errorf("failed with %v, want the request's error", err)
			}
			ctx, cancel = context.WithCancel(t.Context())
		}
		if tries, _ := a.counts(); tries != 6 {
			t.Errorf("it was tried %d times, want 6", tries)
		}
		if retried := told[record.RequestRetried](a.seen); len(retried) > 0 {
			t.Errorf("retried %+v", retried)
		}
		if down := told[record.TargetDown](a.seen); len(down) > 0 {
			t.Errorf("%+v: a request that was given up says nothing of the target", down)
		}
		cancel()
	})
}

// A service with few slots holds all conversations, one after the other, and the
// messages of those that it holds are not slowed by those that wait.
func TestConversationsWaitForAServiceThatHoldsFewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var held atomic.Int32
		a := newTarget(t, scope.Limits{Concurrency: 20, Retries: 4})
		a.answer = func() (core.Reply, error) {
			time.Sleep(5 * time.Second)
			return says("no"), nil
		}
		converse := func() error {
			_, err := a.client.Do(t.Context(), limit.Request{Make: func(context.Context) ([]core.Reply, error) {
				if held.Add(1) > 6 {
					held.Add(-1)
					return nil, core.Errorf(core.ErrorUnavailable, "all slots are in use").About(core.SubjectLimit)
				}
				return nil, nil
			}})
			if err != nil {
				return err
			}
			defer held.Add(-1)
			for range 4 {
				if _, err := a.send(t.Context(), true); err != nil {
					return err
				}
			}
			return nil
		}
		begun := time.Now()
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if err := converse(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); took > 2*time.Minute { // 80 s without any wait
			t.Errorf("it took %s", took)
		}
		if paused := told[record.TargetPaused](a.seen); len(paused) > 0 {
			t.Errorf("the target was paused: %+v", paused)
		}
	})
}
