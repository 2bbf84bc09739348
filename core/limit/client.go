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

// Request is one request to a target: the start of a conversation, or the
// messages of one exchange.
type Request struct {
	// Messages are the messages to send. A request that begins a conversation
	// has none.
	Messages []core.Message
	// Standing says that the target has answered in the conversation before. A
	// failure then never counts as the target being down.
	Standing bool
	// Make makes the request once. It is called again where the request is
	// retried, never concurrently. It returns the replies that arrived, at most
	// one for each message; with an error, at least one message has no complete
	// reply.
	Make func(ctx context.Context) ([]core.Reply, error)
}

// Reply is the result of a [Request].
type Reply struct {
	// Replies are those that [Request.Make] returned last.
	Replies []core.Reply
	// Sent is when Make was called last; zero if it was not called.
	Sent time.Time
	// Refusals is how often the target refused the request because of its
	// limits and it was made again.
	Refusals int
}

// Client makes the requests to one target. It is safe for concurrent use.
type Client struct {
	name    string
	retries int
	budget  *Budget
	events  *events

	// places limits the requests that are in flight. A request that holds a
	// place waits only for the target and its limits, so that it always frees
	// the place.
	places chan struct{}
	// line is held by the one request that waits for the limits of requests and
	// tokens. Those behind it are served in order.
	line chan struct{}
	// estimated is done once the warning about estimated usage was given.
	estimated sync.Once

	// mu guards the state that is learned from requests. It is never held while
	// events are delivered or anything is waited for.
	mu       sync.Mutex
	cooldown cooldown
	breaker  *breaker
	throttle *throttle
	tokens   *tokenLimit
	// lost is why nothing is asked any more; nil while it is.
	lost *LostError
	// refusals counts the last ones of one kind.
	refusals struct {
		kind core.ErrorKind
		n    int
	}
}

// NewClient returns the client of a target with a name and limits.
// [Request.Make] applies the timeout among them. All clients of a run share its
// budget.
//
// tell is called with events of the target, in order and never concurrently:
// [record.TargetPaused], [record.TargetResumed], [record.TargetDown],
// [record.TargetUp], [record.RequestRetried] and [record.Warning], whose
// message may hold text of the target's. It may call the client, but not Close,
// and may block: no other request waits for it. It may be nil.
func NewClient(name string, l scope.Limits, b *Budget, tell func(record.Event)) *Client {
	return &Client{
		name: name, retries: l.Retries, budget: b, events: newEvents(tell),
		places: make(chan struct{}, max(1, l.Concurrency)), line: make(chan struct{}, 1),
		breaker: newBreaker(), throttle: newThrottle(l.RequestsPerMinute), tokens: newTokenLimit(l.TokensPerMinute),
	}
}

// Do makes a request, and repeats it as long as that is safe. It fails with
// [ErrStopped] where the budget does not allow the request, with the request's
// error, and with the context's where ctx ends before the request could be
// made. Messages that are sent again count once in the budget. Once the target is
// lost it fails with [LostError].
func (c *Client) Do(ctx context.Context, r Request) (Reply, error) {
	defer c.events.flush() // when no lock is held any more
	if err := c.Lost(); err != nil {
		return Reply{}, err
	}
	release, err := c.budget.reserve(ctx, c.name, len(r.Messages))
	if err != nil {
		return Reply{}, err
	}
	a := &attempt{Request: r}
	defer func() { release(!a.reply.Sent.IsZero()) }()
	err = c.retry(ctx, a)
	return a.reply, err
}

// MarkAnswered records that the target has answered in an earlier session of
// the run. A target that has never answered is not waited for when it cannot be
// reached.
func (c *Client) MarkAnswered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.breaker.answered = true
}

// Close ends the client: it returns when all events were delivered, and none is
// delivered afterwards. No request may be made after it.
func (c *Client) Close() {
	c.mu.Lock()
	c.cooldown.stop()
	c.mu.Unlock()
	c.events.close()
}

// warn delivers a warning about the target.
func (c *Client) warn(format string, args ...any) {
	c.events.add(record.Warning{Message: fmt.Sprintf("target %q %s", c.name, fmt.Sprintf(format, args...))})
}

// spend adds the usage of replies to the budget, and warns once where it is
// estimated.
func (c *Client) spend(a *attempt) {
	if c.budget.spend(c.name, a.Messages, a.reply.Replies) {
		c.estimated.Do(func() {
			c.warn("does not say how many tokens it uses: the bounds of scope count an estimate")
		})
	}
}
