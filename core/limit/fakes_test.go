package limit_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/limit"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// target is a target in memory, behind its client. Each of its functions may be nil.
type target struct {
	t      testing.TB
	client *limit.Client
	budget *limit.Budget
	seen   *watcher
	limits scope.Limits

	start  func() error
	answer func() (core.Reply, error)

	mu            sync.Mutex
	begun, sent   int
	refusals      int
	failures      []error
	busy, busiest int
}

// newTarget puts a target named agent behind a client that is closed after the test.
func newTarget(t testing.TB, l scope.Limits) *target {
	return newTargetWithin(t, l, newBudget(t, noBounds))
}

func newTargetWithin(t testing.TB, l scope.Limits, b *limit.Budget) *target {
	a := &target{t: t, limits: l, budget: b, seen: &watcher{}}
	a.client = limit.NewClient("agent", l, b, a.seen.observe)
	t.Cleanup(a.client.Close)
	return a
}

// noBounds are those of a run that has none.
var noBounds scope.Bounds

func newBudget(t testing.TB, b scope.Bounds) *limit.Budget {
	t.Helper()
	budget, err := limit.NewBudget(b, cost.Prices{})
	if err != nil {
		t.Fatal(err)
	}
	return budget
}

// begin makes the request that begins a conversation.
func (a *target) begin(ctx context.Context) (limit.Reply, error) {
	return a.client.Do(ctx, limit.Request{Make: func(context.Context) ([]core.Reply, error) {
		defer a.enter(&a.begun)()
		if a.start == nil {
			return nil, nil
		}
		return nil, a.start()
	}})
}

// send sends a message; standing says that the conversation stands.
func (a *target) send(ctx context.Context, standing bool) (limit.Reply, error) {
	return a.client.Do(ctx, limit.Request{Standing: standing, Messages: []core.Message{core.UserText("hello")}, Make: func(context.Context) ([]core.Reply, error) {
		defer a.enter(&a.sent)()
		if a.answer == nil {
			return []core.Reply{says("no")}, nil
		}
		reply, err := a.answer()
		if err != nil {
			return nil, err
		}
		return []core.Reply{reply}, nil
	}})
}

// enter counts a request, and how many are made at a time.
func (a *target) enter(count *int) (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*count++
	a.busy++
	a.busiest = max(a.busiest, a.busy)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.busy--
	}
}

// counts returns how many conversations began and how many messages were sent.
func (a *target) counts() (begun, sent int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.begun, a.sent
}

// converse holds a conversation of so many messages.
func (a *target) converse(ctx context.Context, messages int) error {
	_, err := a.begin(ctx)
	for i := range messages {
		if err != nil {
			break
		}
		var reply limit.Reply
		reply, err = a.send(ctx, i > 0)
		a.mu.Lock()
		a.refusals += reply.Refusals
		a.mu.Unlock()
	}
	if err != nil {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.failures = append(a.failures, err)
	}
	return err
}

// converseAll holds n conversations, as many at a time as the limits allow, and
// returns how many of them failed.
func (a *target) converseAll(ctx context.Context, n, messages int) (failed int) {
	var left, lost atomic.Int32
	left.Store(int32(n))
	var workers sync.WaitGroup
	for range max(1, a.limits.Concurrency) {
		workers.Go(func() {
			for left.Add(-1) >= 0 && ctx.Err() == nil {
				if a.converse(ctx, messages) != nil {
					lost.Add(1)
				}
			}
		})
	}
	workers.Wait()
	return int(lost.Load())
}

// says is a whole reply of one text part.
func says(text string) core.Reply {
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(text)}}}, Finish: core.FinishComplete}
}

// uses is a reply that used so many tokens.
func uses(tokens int64) core.Reply {
	r := says("no")
	r.Usage = core.Usage{InputTokens: tokens}
	return r
}

// left is a reply whose service says what is left of its limits.
func left(limits ...core.RateLimit) core.Reply {
	r := says("no")
	r.RateLimits = limits
	return r
}

// watcher keeps what it is told.
type watcher struct {
	mu     sync.Mutex
	events []record.Event
}

func (w *watcher) observe(e record.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

// all returns what was told so far.
func (w *watcher) all() []record.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]record.Event(nil), w.events...)
}

// told returns the events of one type, in order.
func told[T record.Event](w *watcher) []T {
	var found []T
	for _, e := range w.all() {
		if e, ok := e.(T); ok {
			found = append(found, e)
		}
	}
	return found
}

func (w *watcher) warnings() []string {
	var messages []string
	for _, e := range told[record.Warning](w) {
		messages = append(messages, e.Message)
	}
	return messages
}

// types names the types of events, in order.
func types(events []record.Event) string {
	var names []string
	for _, e := range events {
		names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", e), "record."))
	}
	return strings.Join(names, " ")
}

// clock notes when something happens, since the first time.
type clock struct {
	mu    sync.Mutex
	first time.Time
	since []time.Duration
}

func (c *clock) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first.IsZero() {
		c.first = time.Now()
	}
	c.since = append(c.since, time.Since(c.first))
}
