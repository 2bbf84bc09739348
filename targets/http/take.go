package httptarget

import (
	"context"
	"net/http"
	"regexp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

// take is a compiled [Take].
type take struct {
	name           string
	jq             *extract.Program
	regex          *regexp.Regexp
	header, cookie string
	input, meta    string
}

func (k *compiler) take(at, name string, t Take) take {
	given := 0
	for _, place := range []string{t.JQ, t.Regex, t.Header, t.Cookie, t.Input, t.Meta} {
		if place != "" {
			given++
		}
	}
	if given != 1 {
		k.wrong(at, core.Errorf(core.ErrorConfig, "%d places are given", given).WithHint("give one of jq, regex, header, cookie, input, meta"))
	}
	return take{
		name: name, jq: k.jq(at+".jq", t.JQ), regex: k.regex(at+".regex", t.Regex),
		header: t.Header, cookie: t.Cookie, input: t.Input, meta: t.Meta,
	}
}

// from returns the value in an answer; false if it is not there. cookies are those
// that the service has set.
func (t take) from(ctx context.Context, a *answer, s *state, cookies []*http.Cookie) (any, bool, error) {
	switch {
	case t.jq != nil:
		input, err := a.json()
		if err != nil {
			return nil, false, core.Errorf(core.ErrorProtocol, "the answer is no JSON: %w", err)
		}
		v, err := t.jq.First(ctx, input, s.variables(a))
		return v, v != nil && err == nil, err
	case t.regex != nil:
		match := t.regex.FindStringSubmatch(a.text())
		if match == nil {
			return nil, false, nil
		}
		return extract.Matched(match), true, nil
	case t.header != "":
		v := a.header.Get(t.header)
		return v, v != "", nil
	case t.cookie != "":
		for _, c := range cookies {
			if c.Name == t.cookie {
				return c.Value, true, nil
			}
		}
		return nil, false, nil
	}
	v, ok := attribute(a.text(), t.input, t.meta)
	return v, ok, nil
}
