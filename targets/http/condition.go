package httptarget

import (
	"context"
	"regexp"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

// condition is a compiled [Condition].
type condition struct {
	status []int
	jq     *extract.Program
	regex  *regexp.Regexp
}

// condition compiles a condition; nil where none is given.
func (k *compiler) condition(at string, c *Condition) *condition {
	if c == nil {
		return nil
	}
	if len(c.Status) == 0 && c.JQ == "" && c.Regex == "" {
		k.wrong(at, core.Errorf(core.ErrorConfig, "no condition is given").WithHint("give status, jq or regex"))
	}
	for _, s := range c.Status {
		if s < 100 || s > 599 {
			k.wrong(at+".status", core.Errorf(core.ErrorConfig, "%d is no HTTP status", s))
		}
	}
	return &condition{status: c.Status, jq: k.jq(at+".jq", c.JQ), regex: k.regex(at+".regex", c.Regex)}
}

// regex compiles a regular expression; nil for "".
func (k *compiler) regex(at, source string) *regexp.Regexp {
	r, err := extract.Regex(source)
	if err != nil {
		k.wrong(at, err)
	}
	return r
}

// holds reports whether the condition holds for an answer. One about JSON does not
// hold for what is no JSON.
func (c *condition) holds(ctx context.Context, a *answer, s *state) (bool, error) {
	if len(c.status) > 0 && !slices.Contains(c.status, a.status) {
		return false, nil
	}
	if c.regex != nil && !c.regex.MatchString(a.text()) {
		return false, nil
	}
	if c.jq == nil {
		return true, nil
	}
	input, err := a.json()
	if err != nil {
		return false, nil //nolint:nilerr // what is no JSON is another answer
	}
	return c.jq.Holds(ctx, input, s.variables(a))
}
