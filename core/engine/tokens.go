package engine

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// bytesPerToken is what a token of text holds at least, in most languages.
	bytesPerToken = 4
	// memoryOfUsage is the weight of the latest reply in what the next ones are
	// expected to use.
	memoryOfUsage = 0.2
)

// tokenBudget holds what a target uses to so many tokens a minute. What a message
// will use is not known before its reply: it is estimated, and made good
// afterwards by those that follow.
type tokenBudget struct {
	limiter *rate.Limiter // nil for no limit

	mu sync.Mutex
	// usual is what the messages so far used, the latest ones above all.
	usual float64
}

// newTokenBudget returns one for a number of tokens a minute; 0 is no limit.
func newTokenBudget(perMinute int) *tokenBudget {
	if perMinute == 0 {
		return &tokenBudget{}
	}
	// At most six seconds' tokens are spent at once.
	return &tokenBudget{limiter: rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/10))}
}

// take returns when messages may be sent, and what they are expected to use. It
// fails where the context ends before that.
func (b *tokenBudget) take(ctx context.Context, messages []core.Message) (expected int64, err error) {
	if b.limiter == nil || len(messages) == 0 {
		return 0, nil
	}
	expected = min(b.estimate(messages), int64(b.limiter.Burst()))
	return expected, reserve(ctx, b.limiter, int(expected))
}

// estimate returns what messages are going to use: as much as those before them,
// but no less than they hold themselves.
func (b *tokenBudget) estimate(messages []core.Message) int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	total := int64(0)
	for _, m := range messages {
		total += max(int64(b.usual), int64(len(m.Text())/bytesPerToken), 1)
	}
	return total
}

// settle makes good what replies really used.
func (b *tokenBudget) settle(expected int64, replies []core.Reply) {
	if b.limiter == nil {
		return
	}
	used := int64(0)
	for _, r := range replies {
		n := r.Usage.InputTokens + r.Usage.OutputTokens
		used += n
		b.learn(float64(n))
	}
	// The limiter takes no more than its burst at once, and a negative number of
	// tokens as one that is given back.
	now, most := time.Now(), int64(b.limiter.Burst())
	for owed := used - expected; owed != 0; {
		part := max(-most, min(owed, most))
		b.limiter.ReserveN(now, int(part))
		owed -= part
	}
}

func (b *tokenBudget) learn(used float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.usual == 0 {
		b.usual = used
	}
	b.usual += memoryOfUsage * (used - b.usual)
}
