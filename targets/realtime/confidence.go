package realtime

import (
	"math"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// confidence collects how likely the pieces of transcripts are.
type confidence struct {
	pieces       int
	sum, least   float64 // logarithms of probabilities
	leastOf      string
	isIncomplete bool // a transcript came without, or with some that are none
}

// add takes the pieces of a transcript with words, and reports whether it has any
// that can be read.
func (c *confidence) add(pieces []logprob) (told bool) {
	for _, p := range pieces {
		likely, ok := p.Logprob.(float64)
		if !ok || likely > 0 {
			c.isIncomplete = true
			return false
		}
		if c.pieces == 0 || likely < c.least {
			c.least, c.leastOf = likely, p.Token
		}
		c.pieces++
		c.sum += likely
	}
	c.isIncomplete = c.isIncomplete || len(pieces) == 0
	return len(pieces) > 0
}

// result is nil unless the service said of every transcript how sure it was.
func (c *confidence) result() *core.Confidence {
	if c.pieces == 0 || c.isIncomplete {
		return nil
	}
	return &core.Confidence{Mean: math.Exp(c.sum / float64(c.pieces)), Least: math.Exp(c.least), LeastOf: c.leastOf}
}
