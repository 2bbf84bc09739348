package limit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// ErrStopped says that a message was not sent, because a bound of the run's
// scope was reached.
var ErrStopped = errors.New("the run has come to a bound of its scope")

// Budget enforces the bounds of a run's scope. All clients of the run share it:
// they reserve the messages that they send, and spend what these used when they
// are answered.
type Budget struct {
	bounds scope.Bounds
	prices cost.Prices
	// began is when the run began, ends when its time is up, and endsWhy the
	// reason. ends is zero and endsWhy "" without a time bound.
	began   time.Time
	ends    time.Time
	endsWhy string

	mu sync.Mutex
	// turns counts the messages that were sent or are reserved.
	turns int
	// usage is what was spent, by target.
	usage map[string]core.Usage
	// inFlight counts the open reservations, and pending is their expected
	// usage.
	inFlight int
	pending  amount
	// largest is the largest usage of a message to a target so far. A target
	// without an answer so far has no entry.
	largest map[string]amount
	// released is closed, and replaced, whenever a reservation is released.
	released chan struct{}
	// stopped is why nothing is sent any more; "" while messages are sent.
	stopped string
}

// amount is the usage of one or more messages.
type amount struct {
	tokens int64
	cost   float64
}

func (a amount) plus(b amount) amount { return amount{a.tokens + b.tokens, a.cost + b.cost} }
func (a amount) times(n int) amount   { return amount{a.tokens * int64(n), a.cost * float64(n)} }

// NewBudget returns the budget of a run that begins now. Outside of the scope's
// window it fails with an error of [core.ErrorConfig].
func NewBudget(bounds scope.Bounds, prices cost.Prices) (*Budget, error) {
	now := time.Now()
	b := &Budget{
		bounds: bounds, prices: prices, began: now,
		usage: map[string]core.Usage{}, largest: map[string]amount{}, released: make(chan struct{}),
	}
	if d := bounds.MaxDuration; d > 0 {
		b.ends, b.endsWhy = now.Add(d), fmt.Sprintf("max_duration: %s are over", d)
	}
	w := bounds.Window
	if w == nil {
		return b, nil
	}
	end, open := w.Closes(now)
	if !open {
		return nil, core.Errorf(core.ErrorConfig, "scope.window: no run is allowed now: the window is %s", w).
			WithHint("it opens on %s", w.Opens(now).Format("Mon 2 Jan 2006 at 15:04 MST"))
	}
	if !end.IsZero() && (b.ends.IsZero() || end.Before(b.ends)) {
		b.ends, b.endsWhy = end, fmt.Sprintf("window: it closed (%s)", w)
	}
	return b, nil
}

// Within returns a context that ends with [ErrStopped] as its cause when the
// run's time is up.
func (b *Budget) Within(ctx context.Context) (context.Context, context.CancelFunc) {
	if b.ends.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, b.ends, ErrStopped)
}

// reserve returns when the messages of an exchange may be sent to a target. The
// caller calls the returned function once they are answered, or if they were
// not sent. It fails with ErrStopped once no more may be sent. While that
// depends on the usage of other messages, it waits for their replies. No
// messages, which begin a conversation, reserve nothing.
func (b *Budget) reserve(ctx context.Context, target string, messages int) (release func(sent bool), err error) {
	if messages == 0 {
		if b.Exhausted(target) {
			return nil, ErrStopped
		}
		return func(bool) {}, nil
	}
	for {
		release, wait, err := b.try(target, messages)
		if wait == nil {
			return release, err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// try reserves messages at once, or returns a channel to wait for.
func (b *Budget) try(target string, messages int) (release func(sent bool), wait <-chan struct{}, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	largest, known := b.largest[target]
	hold := largest.times(messages)
	if !b.admits(messages, hold) {
		return nil, nil, ErrStopped
	}
	unsure := b.counts() && !known || b.exceeded(b.pending.plus(hold)) != ""
	if b.inFlight > 0 && unsure {
		return nil, b.released, nil
	}
	b.turns += messages
	b.inFlight++
	b.pending = b.pending.plus(hold)
	return func(sent bool) { b.release(messages, hold, sent) }, nil, nil
}

// release ends a reservation. Messages that were not sent no longer count.
func (b *Budget) release(messages int, hold amount, sent bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !sent {
		b.turns -= messages
	}
	b.inFlight--
	b.pending = b.pending.plus(hold.times(-1))
	close(b.released)
	b.released = make(chan struct{})
}

// Exhausted reports whether nothing may be sent to a target any more. Call it
// only with something left to send: where a bound is reached, it ends the run.
func (b *Budget) Exhausted(target string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.admits(1, b.largest[target])
}

// admits reports whether messages with an expected usage may be sent. Once it
// has returned false it always does: a run that stops does not continue with
// smaller messages.
func (b *Budget) admits(messages int, hold amount) bool {
	if b.stopped != "" {
		return false
	}
	if most := b.bounds.MaxTurns; most > 0 && b.turns+messages > most {
		b.stopped = fmt.Sprintf("max_turns: %d of %d turns are used", b.turns, most)
	} else {
		b.stopped = b.exceeded(hold)
	}
	return b.stopped == ""
}

// exceeded names the bound that more usage would exceed; "" for none.
func (b *Budget) exceeded(more amount) string {
	spent := b.spent()
	all := spent.plus(more)
	switch s := b.bounds; {
	case s.MaxTokens > 0 && (spent.tokens >= s.MaxTokens || all.tokens > s.MaxTokens):
		return fmt.Sprintf("max_tokens: %d of %d tokens are used%s", spent.tokens, s.MaxTokens, mayUse("%d", more.tokens))
	case s.MaxCost > 0 && (spent.cost >= s.MaxCost || all.cost > s.MaxCost):
		return fmt.Sprintf("max_cost: %.4f of %v %s are used%s", spent.cost, s.MaxCost, b.prices.Currency, mayUse("%.4f", more.cost))
	}
	return ""
}

// mayUse returns what is appended to a bound that more would exceed; "" where
// more is 0.
func mayUse[T int64 | float64](format string, more T) string {
	if more <= 0 {
		return ""
	}
	return fmt.Sprintf("; the next message may use "+format, more)
}

// spend adds the usage of replies. Where a target reports no usage and a bound
// depends on it, the usage is estimated, and estimated is true.
func (b *Budget) spend(target string, sent []core.Message, replies []core.Reply) (estimated bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, reply := range replies {
		used := reply.Usage
		if used == (core.Usage{}) && b.counts() {
			used, estimated = cost.EstimateUsage(sent[i:i+1], reply.Message), true
		}
		b.usage[target] = b.usage[target].Add(used)
		one, most := b.amountOf(target, used), b.largest[target]
		b.largest[target] = amount{max(one.tokens, most.tokens), max(one.cost, most.cost)}
	}
	return estimated
}

// counts reports whether a bound depends on reported usage.
func (b *Budget) counts() bool { return b.bounds.MaxTokens > 0 || b.bounds.MaxCost > 0 }

// spent is the usage so far.
func (b *Budget) spent() amount {
	var all amount
	for target, used := range b.usage {
		all = all.plus(b.amountOf(target, used))
	}
	return all
}

func (b *Budget) amountOf(target string, used core.Usage) amount {
	return amount{used.InputTokens + used.OutputTokens, b.prices.Targets[target].Of(used)}
}

// Conclude names the bound that stopped the run and the usage until now; "" if
// none did. ctx is the context of [Budget.Within].
func (b *Budget) Conclude(ctx context.Context) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	why := b.stopped
	if why == "" && errors.Is(context.Cause(ctx), ErrStopped) {
		why = b.endsWhy
	}
	if why == "" {
		return ""
	}
	spent := b.spent()
	used := fmt.Sprintf("%d turns, %d tokens", b.turns, spent.tokens)
	if b.prices.Currency != "" {
		used += fmt.Sprintf(", %.4f %s", spent.cost, b.prices.Currency)
	}
	return fmt.Sprintf("scope.%s (the run used %s, %s)", why, used, time.Since(b.began).Round(time.Millisecond))
}
