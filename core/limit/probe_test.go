package limit_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Requests that wait for a limit are no second probe.
func TestATargetThatIsDownIsProbedByOneRequestAtATimeWhateverTheLimits(t *testing.T) {
	for range 10 { // the lengths of pauses are random
		synctest.Test(t, func(t *testing.T) {
			// Every five seconds one may be sent, and fails after twenty.
			a := newTarget(t, scope.Limits{Concurrency: 8, RequestsPerMinute: 12, Retries: 4})
			a.client.MarkAnswered()
			a.answer = func() (core.Reply, error) {
				time.Sleep(20 * time.Second)
				return core.Reply{}, core.Errorf(core.ErrorUnavailable, "connection refused")
			}
			var sending sync.WaitGroup
			for range 20 {
				sending.Go(func() { _, _ = a.send(t.Context(), false) })
			}
			for len(told[record.TargetDown](a.seen)) == 0 {
				time.Sleep(time.Second)
			}
			time.Sleep(20 * time.Second) // for those that were sent before
			for range 120 {
				time.Sleep(time.Second)
				a.mu.Lock()
				if a.busy > 1 {
					t.Errorf("%d requests are made at a time", a.busy)
				}
				a.mu.Unlock()
			}
			sending.Wait()
		})
	}
}

// What was sent before a target went down says nothing about whether it is back, and
// a probe that nobody waited for lets the next one through.
func TestALateEndAndAProbeThatIsGivenUpChangeNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 9})
		a.client.MarkAnswered()
		slow := make(chan error)
		for _, end := range []error{nil, core.Errorf(core.ErrorUnavailable, "lost")} {
			go func() {
				_, err := a.client.Do(t.Context(), limit.Request{Messages: []core.Message{{}}, Make: func(context.Context) ([]core.Reply, error) {
					time.Sleep(500 * time.Millisecond)
					return []core.Reply{says("no")}, end
				}})
				slow <- err
			}()
		}
		synctest.Wait()
		down := true
		a.start = func() error {
			if down {
				return core.Errorf(core.ErrorUnavailable, "connection refused")
			}
			time.Sleep(time.Minute)
			return core.Errorf(core.ErrorAuth, "no")
		}
		for range 5 {
			_, _ = a.begin(t.Context())
		}
		<-slow
		<-slow
		if n, up := len(told[record.TargetPaused](a.seen)), len(told[record.TargetUp](a.seen)); n != 1 || up != 0 {
			t.Errorf("%d pauses and %d times up, want the first pause only", n, up)
		}
		down = false
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		go func() { _, _ = a.begin(ctx) }() // the probe, which says nothing
		time.Sleep(5 * time.Second)
		begun := time.Now()
		go func() { _, _ = a.begin(t.Context()) }()
		time.Sleep(time.Second)
		if starts, _ := a.counts(); starts != 6 {
			t.Errorf("%d conversations were begun, want five and one probe", starts)
		}
		time.Sleep(3 * time.Minute)
		if starts, _ := a.counts(); starts != 7 || time.Since(begun) < time.Minute {
			t.Errorf("%d conversations were begun, want the next probe after the first was over", starts)
		}
		_, err := a.send(t.Context(), false)
		if up := told[record.TargetUp](a.seen); err != nil || len(up) != 1 {
			t.Errorf("%v, up %+v; want it up once a message was answered", err, up)
		}
	})
}

func TestARequestThatWaitsForTheProbeOfAnotherIsInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 9})
		a.client.MarkAnswered()
		a.start = func() error { return core.Errorf(core.ErrorUnavailable, "connection refused") }
		for range 5 {
			_, _ = a.begin(t.Context())
		}
		a.start = func() error { time.Sleep(time.Hour); return nil }
		probe := make(chan struct{})
		go func() { _, _ = a.begin(t.Context()); close(probe) }()
		time.Sleep(5 * time.Second) // until the probe is made
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begun := time.Now()
		r, err := a.begin(ctx)
		if took := time.Since(begun); err == nil || took != time.Second || !r.Sent.IsZero() {
			t.Errorf("it ended after %s with %v, sent at %s", took, err, r.Sent)
		}
		if starts, _ := a.counts(); starts != 6 {
			t.Errorf("%d conversations were begun, want five and the probe", starts)
		}
		<-probe
	})
}
