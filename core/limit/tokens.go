package limit

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// bytesPerToken is a lower bound of the bytes in a token of text, in most
	// languages.
	bytesPerToken = 4
	// memoryOfUsage is the weight of the latest reply in the moving average of
	// usage.
	memoryOfUsage = 0.2
)

// tokenLimit limits the tokens that a target uses in a minute. The usage of a
// message is not known before its reply: it is estimated, and the difference is
// settled afterwards. The client's lock guards it.
type tokenLimit struct {
	limiter *rate.Limiter // nil for no limit
	// usual is the moving average of a message's usage.
	usual float64
}

// newTokenLimit returns a limit for a number of tokens a minute; 0 is no limit.
func newTokenLimit(perMinute int) *tokenLimit {
	if perMinute == 0 {
		return &tokenLimit{}
	}
	// At most six seconds' tokens are spent at once.
	return &tokenLimit{limiter: rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/10))}
}

// estimate returns the expected usage of messages: that of those before them,
// but at least the size of their own text, and at most the burst of the
// limiter.
func (l *tokenLimit) estimate(messages []core.Message) int64 {
	if l.limiter == nil {
		return 0
	}
	total := int64(0)
	for _, m := range messages {
		total += max(int64(l.usual), int64(len(m.Text())/bytesPerToken), 1)
	}
	return min(total, int64(l.limiter.Burst()))
}

// wait returns the time until a number of tokens may be taken; 0 if they may be
// taken now.
func (l *tokenLimit) wait(now time.Time, expected int64) time.Duration {
	if expected == 0 {
		return 0
	}
	return missing(l.limiter, now, expected)
}

// take takes tokens.
func (l *tokenLimit) take(now time.Time, expected int64) {
	if expected > 0 {
		l.limiter.ReserveN(now, int(expected))
	}
}

// settle takes or returns the difference between the actual and the expected
// usage.
func (l *tokenLimit) settle(expected int64, replies []core.Reply) {
	if l.limiter == nil {
		return
	}
	used := int64(0)
	for _, r := range replies {
		n := r.Usage.InputTokens + r.Usage.OutputTokens
		used += n
		l.learn(float64(n))
	}
	// The limiter takes at most its burst at once, and returns tokens for a
	// negative number.
	now, most := time.Now(), int64(l.limiter.Burst())
	for owed := used - expected; owed != 0; {
		part := min(owed, most)
		l.limiter.ReserveN(now, int(part))
		owed -= part
	}
}

// learn adds the usage of a reply to the moving average.
func (l *tokenLimit) learn(used float64) {
	if l.usual == 0 {
		l.usual = used
	}
	l.usual += memoryOfUsage * (used - l.usual)
}
