package limit

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Request is one request to a target: the start of a conversation, or messages that
// are sent in one exchange.
type Request struct {
	// Messages are what is sent. There are none where the request begins a
	// conversation.
	Messages []core.Message
	// Standing says that the target has answered in the conversation before. A failure
	// then never says that the target is down.
	Standing bool
	// Make makes the request once. It is called again where the request is retried,
	// never by two goroutines at a time. It returns the replies that came, at most one
	// for each message, and with an error fewer whole ones than there are messages.
	Make func(ctx context.Context) ([]core.Reply, error)
}

// Reply is what came of a [Request].
type Reply struct {
	// Replies are those that [Request.Make] returned last.
	Replies []core.Reply
	// Sent is when Make was called last; zero where it never was.
	Sent time.Time
	// Refusals is how often the target refused the request because of its limits and
	// it was made again.
	Refusals int
}

// Client makes the requests to one target. Its methods may be called by several
// goroutines.
type Client struct {
	name    string
	retries int
	budget  *Budget
	events  *events

	// places are taken by the requests that are being answered. Who has one waits
	// for nothing but the target and its limits, so that it comes free again.
	places chan struct{}
	// line holds the one request that waits for the limits of requests and tokens.
	// Those behind it are in their order.
	line chan struct{}
	// estimated is done once it was told that the target's usage is estimated.
	estimated sync.Once

	// mu guards what is learnt from requests. Nobody is told of anything, and nothing
	// is waited for, while it is held.
	mu       sync.Mutex
	cooldown cooldown
	breaker  *breaker
	throttle *throttle
	tokens   *tokenLimit
}

// NewClient returns the client of a target with a name and limits; the timeout among
// them is left to [Request.Make]. All clients of a run share its budget.
//
// tell is called with what happens to the target, in order and by one goroutine at a
// time: [record.TargetPaused], [record.TargetResumed], [record.TargetDown],
// [record.TargetUp], [record.RequestRetried] and [record.Warning], whose message may
// hold text of the target's. It may call the client, but not Close, and may block: no
// other request waits for it. Nil tells nobody.
func NewClient(name string, l scope.Limits, b *Budget, tell func(record.Event)) *Client {
	return &Client{
		name: name, retries: l.Retries, budget: b, events: newEvents(tell),
		places: make(chan struct{}, max(1, l.Concurrency)), line: make(chan struct{}, 1),
		breaker: newBreaker(), throttle: newThrottle(l.RequestsPerMinute), tokens: newTokenLimit(l.TokensPerMinute),
	}
}

// Do makes a request, and makes it again as long as that can do no harm. It fails
// with [ErrStopped] where the budget allows no such request, with the request's error,
// and where ctx ends before the request could be made. Messages that are sent again
// count once in the budget.
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	defer c.events.flush() // when nothing is held any more
	release, err := c.budget.reserve(ctx, c.name, len(r.Messages))
	if err != nil {
		return Reply{}, err
	}
	a := &attempt{Request: r}
	defer func() { release(!a.reply.Sent.IsZero()) }()
	err = c.retry(ctx, a)
	return a.reply, err
}

// MarkAnswered notes that the target has answered in an earlier session of the run. One
// that never has is not waited for when it cannot be reached.
func (c *Client) MarkAnswered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.answered = true
}

// Close ends what the client tells: it returns when all that has happened was told,
// and nothing is told afterwards. No request may be made any more.
func (c *Client) Close() {
	c.mu.Lock()
	c.cooldown.stop()
	c.mu.Unlock()
	c.events.close()
}

// warn tells what a user should know of the target.
func (c *Client) warn(format string, args ...any) {
	c.events.add(record.Warning{Message: fmt.Sprintf("target %q %s", c.name, fmt.Sprintf(format, args...))})
}

// spend counts in the budget what replies used, and warns once where that is
// estimated.
func (c *Client) spend(a *attempt) {
	if c.budget.spend(c.name, a.Messages, a.reply.Replies) {
		c.estimated.Do(func() {
			c.warn("does not say how many tokens it uses: the bounds of scope count an estimate")
		})
	}
}
