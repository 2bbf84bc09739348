package httptarget

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// The values of a rule's key is.
const (
	isComplete    = "complete"
	isBlocked     = "blocked"
	isTruncated   = "truncated"
	isError       = "error"
	isRateLimited = "rate_limited"
	isUnavailable = "unavailable"
	isAuth        = "auth"
)

// rule is a compiled [Rule].
type rule struct {
	at        string
	condition *condition
	is        string
	say       *extract.Program
}

func (k *compiler) rule(at string, r Rule) {
	out := rule{at: at, condition: k.condition(at, &r.Condition), is: r.Is, say: k.jq(at+".say", r.Say)}
	if !slices.Contains([]string{isComplete, isBlocked, isTruncated, isError, isRateLimited, isUnavailable, isAuth}, r.Is) {
		k.wrong(at+".is", core.Errorf(core.ErrorConfig, "%q is nothing that an answer can be", r.Is))
	}
	k.plan.rules = append(k.plan.rules, out)
}

// outcome is what an answer means: a reply that ended in some way, or an error.
type outcome struct {
	finish core.Finish
	detail string
	// decided says that a rule of the campaign said so.
	decided bool
}

// ends reports whether a rule says that the reply is not whole.
func (o outcome) ends() bool { return o.decided && o.finish != core.FinishComplete }

// judge returns what an answer means, by the campaign's rules and then by HTTP. An
// error is one of the service.
func (p *plan) judge(ctx context.Context, a *answer, s *state) (outcome, error) {
	if err := a.proxied(); err != nil {
		return outcome{}, err
	}
	for _, r := range p.rules {
		holds, err := r.condition.holds(ctx, a, s)
		if err != nil {
			return outcome{}, template.About(err, r.at)
		}
		if holds {
			return r.outcome(ctx, a, s)
		}
	}
	if a.status/100 != 2 {
		return outcome{}, a.refused()
	}
	if a.event == eventError {
		return outcome{}, core.Errorf(core.ErrorProtocol, "the stream has an event %q: %s", eventError, a.describe()).
			WithHint("if that is no error, write a rule for it, such as {jq: '$event == \"error\"', is: complete}")
	}
	if a.cut == nil && a.isJSON() {
		if v, err := a.json(); err == nil && holdsError(v) {
			return outcome{}, core.Errorf(core.ErrorProtocol, "the service answered with %s", a.describe()).
				WithHint("if that is a reply, write a rule for it, such as {status: [200], is: complete}")
		}
	}
	return outcome{finish: core.FinishComplete}, nil
}

// outcome returns what the rule says of an answer.
func (r rule) outcome(ctx context.Context, a *answer, s *state) (outcome, error) {
	words := ""
	if r.say != nil {
		if input, err := a.json(); err == nil {
			said, err := r.say.First(ctx, input, s.variables(a))
			if err != nil {
				return outcome{}, template.About(err, r.at+".say")
			}
			words, _ = said.(string)
		}
	}
	if words == "" {
		words = a.describe()
	}
	wait := access.RetryAfter(a.header)
	switch r.is {
	case isComplete:
		return outcome{finish: core.FinishComplete, decided: true}, nil
	case isBlocked:
		return outcome{finish: core.FinishBlocked, detail: words, decided: true}, nil
	case isTruncated:
		return outcome{finish: core.FinishTruncated, detail: words, decided: true}, nil
	case isRateLimited:
		return outcome{}, core.Errorf(core.ErrorRateLimited, "the service answered: %s (%s)", words, r.at).After(wait)
	case isUnavailable:
		return outcome{}, core.Errorf(core.ErrorUnavailable, "the service answered: %s (%s)", words, r.at).After(wait)
	case isAuth:
		return outcome{}, core.Errorf(core.ErrorAuth, "the service answered: %s (%s)", words, r.at)
	}
	return outcome{}, core.Errorf(core.ErrorProtocol, "the service answered: %s (%s)", words, r.at)
}

// proxied returns the error of an answer that is none of the service's: the proxy
// that holds plugins to the scope has given it.
func (a *answer) proxied() error {
	name, _, _ := strings.Cut(a.header.Get("Proxy-Status"), ";")
	switch {
	case strings.TrimSpace(name) != egressName:
		return nil
	case a.status == http.StatusForbidden:
		return core.Errorf(core.ErrorConfig, "the connection is not allowed: %s", a.words())
	}
	return core.Errorf(core.ErrorUnavailable, "the service cannot be reached: %s", a.words())
}

// egressName is the name of that proxy in the header Proxy-Status.
const egressName = "orchestrator-egress"

// refused returns the error of an answer that is no success by HTTP.
func (a *answer) refused() error {
	kind := core.ErrorProtocol
	switch {
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden, a.status == http.StatusProxyAuthRequired:
		kind = core.ErrorAuth
	case a.status == http.StatusTooManyRequests:
		kind = core.ErrorRateLimited
	case a.status >= 500, a.status == http.StatusRequestTimeout:
		kind = core.ErrorUnavailable
	case slices.Contains([]int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusGone}, a.status), a.status/100 == 3:
		kind = core.ErrorConfig
	}
	err := core.Errorf(kind, "the service answered with %s", a.describe())
	wait := access.RetryAfter(a.header)
	if wait > 0 && (kind == core.ErrorRateLimited || kind == core.ErrorUnavailable) {
		err = err.After(wait).About(core.SubjectLimit)
	}
	switch kind {
	case core.ErrorAuth:
		return err.WithHint("check the key, cookies and headers; a filter that answers so needs a rule with is: blocked")
	case core.ErrorConfig:
		return err.WithHint("check url, path, method and Content-Type")
	case core.ErrorProtocol:
		return err.WithHint("check the request; a filter or a refusal that answers so needs a rule with is: blocked")
	}
	return err
}

// eventError is the name of the server-sent event with which streams report an error.
const eventError = "error"

// holdsError reports whether a JSON answer has an error in it: an error that is not
// empty, or errors beside data, as GraphQL has them, which may leave out half a reply.
func holdsError(v any) bool {
	object, _ := v.(map[string]any)
	if _, isGraphQL := object["data"]; isGraphQL {
		if errs, _ := object["errors"].([]any); len(errs) > 0 {
			return true
		}
	}
	switch e := object["error"].(type) {
	case nil:
		return false
	case bool:
		return e
	case string:
		return strings.TrimSpace(e) != ""
	case map[string]any:
		return len(e) > 0
	case []any:
		return len(e) > 0
	default: // a number, such as a code
		return marshaled(e) != "0"
	}
}

func marshaled(v any) string {
	s, _ := template.Marshal(v)
	return s
}
