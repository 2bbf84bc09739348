package limit

import (
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

// tokenLimit holds what a target uses to so many tokens a minute. What a message
// will use is not known before its reply: it is estimated, and made good
// afterwards by those that follow. The client's lock guards it.
type tokenLimit struct {
	limiter *rate.Limiter // nil for no limit
	// usual is what the messages so far used, the latest ones above all.
	usual float64
}

// newTokenLimit returns one for a number of tokens a minute; 0 is no limit.
func newTokenLimit(perMinute int) *tokenLimit {
	if perMinute == 0 {
		return &tokenLimit{}
	}
	// At most six seconds' tokens are spent at once.
	return &tokenLimit{limiter: rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/10))}
}

// estimate returns what messages are expected to use: as much as those before them,
// but no less than they hold themselves, and no more than can be taken at once.
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

// wait returns how long it takes until so many tokens may be taken; 0 where they may.
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

// settle makes good what replies really used.
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
	// The limiter takes no more than its burst at once, and a negative number of
	// tokens as one that is given back.
	now, most := time.Now(), int64(l.limiter.Burst())
	for owed := used - expected; owed != 0; {
		part := min(owed, most)
		l.limiter.ReserveN(now, int(part))
		owed -= part
	}
}

// learn takes what a reply used into what the next ones are expected to use.
func (l *tokenLimit) learn(used float64) {
	if l.usual == 0 {
		l.usual = used
	}
	l.usual += memoryOfUsage * (used - l.usual)
}
