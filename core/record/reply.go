package record

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Reply is what is kept of a [core.Reply] as JSON: all but its message.
type Reply struct {
	Finish          core.Finish      `json:"finish"`
	Detail          string           `json:"detail,omitempty"`
	Heard           string           `json:"heard,omitempty"`
	Unheard         bool             `json:"unheard,omitempty"`
	HeardConfidence *core.Confidence `json:"heard_confidence,omitempty"`
	HeardMissing    bool             `json:"heard_missing,omitempty"`
	Delivered       time.Duration    `json:"delivered,omitempty"`
	Replayed        bool             `json:"replayed,omitempty"`
	Usage           core.Usage       `json:"usage"`
	Timing          core.Timing      `json:"timing"`
	RateLimits      []core.RateLimit `json:"rate_limits,omitempty"`
	Warnings        []string         `json:"warnings,omitempty"`
}

// ReplyOf returns what is kept of a reply beside its message.
func ReplyOf(r core.Reply) Reply {
	return Reply{
		Finish: r.Finish, Detail: r.Detail, Heard: r.Heard, Unheard: r.Unheard, HeardConfidence: r.HeardConfidence, HeardMissing: r.HeardMissing, Delivered: r.Delivered, Replayed: r.Replayed,
		Usage: r.Usage, Timing: r.Timing, RateLimits: r.RateLimits, Warnings: r.Warnings,
	}
}

// With returns the reply with its message.
func (r Reply) With(m core.Message) core.Reply {
	return core.Reply{
		Message: m, Finish: r.Finish, Detail: r.Detail, Heard: r.Heard, Unheard: r.Unheard, HeardConfidence: r.HeardConfidence, HeardMissing: r.HeardMissing, Delivered: r.Delivered, Replayed: r.Replayed,
		Usage: r.Usage, Timing: r.Timing, RateLimits: r.RateLimits, Warnings: r.Warnings,
	}
}
