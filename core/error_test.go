package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheKindOfAnError(t *testing.T) {
	rate := core.Errorf(core.ErrorRateLimited, "slow down")
	for _, test := range []struct {
		name string
		err  error
		want core.ErrorKind
	}{
		{"none", nil, ""},
		{"own kind", rate, core.ErrorRateLimited},
		{"kept through wrapping", fmt.Errorf("turn 3: %w", rate), core.ErrorRateLimited},
		{"the outermost counts", core.Errorf(core.ErrorProtocol, "odd: %w", rate), core.ErrorProtocol},
		{"a deadline is a timeout", fmt.Errorf("waiting: %w", context.DeadlineExceeded), core.ErrorTimeout},
		{"anything else is a bug", errors.New("odd"), core.ErrorInternal},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := core.KindOf(test.err); got != test.want {
				t.Errorf("KindOf = %q, want %q", got, test.want)
			}
		})
	}
}

func TestTheSubjectOfAnError(t *testing.T) {
	kind := func(k core.ErrorKind) *core.Error { return core.Errorf(k, "odd") }
	for _, test := range []struct {
		name string
		err  error
		want core.ErrorSubject
	}{
		{"none", nil, ""},
		{"a refusal because of a limit", kind(core.ErrorRateLimited), core.SubjectLimit},
		{"anything that says when to come back", kind(core.ErrorUnavailable).After(time.Second), core.SubjectLimit},
		{"out of reach", kind(core.ErrorUnavailable), core.SubjectReachability},
		{"config", kind(core.ErrorConfig), core.SubjectConfiguration},
		{"auth", kind(core.ErrorAuth), core.SubjectConfiguration},
		{"unsupported", kind(core.ErrorUnsupported), core.SubjectConfiguration},
		{"input", kind(core.ErrorInput), core.SubjectConfiguration},
		{"timeout", kind(core.ErrorTimeout), core.SubjectAnswer},
		{"protocol", kind(core.ErrorProtocol), core.SubjectAnswer},
		{"internal", kind(core.ErrorInternal), core.SubjectAnswer},
		{"a passed deadline", context.DeadlineExceeded, core.SubjectAnswer},
		{"no kind", errors.New("odd"), core.SubjectAnswer},
		{"said", kind(core.ErrorUnavailable).About(core.SubjectAnswer), core.SubjectAnswer},
		{"said within", core.Errorf(core.ErrorTimeout, "%w", kind(core.ErrorProtocol).About(core.SubjectReachability)), core.SubjectReachability},
		{"the outermost counts", core.Errorf(core.ErrorTimeout, "%w", kind(core.ErrorProtocol).About(core.SubjectReachability)).About(core.SubjectLimit), core.SubjectLimit},
		{"one of several", core.Errors{kind(core.ErrorConfig), kind(core.ErrorConfig)}, core.SubjectConfiguration},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := core.SubjectOf(test.err); got != test.want {
				t.Errorf("SubjectOf = %q, want %q", got, test.want)
			}
		})
	}
	for _, k := range core.ErrorKinds() {
		if s := core.SubjectOf(kind(k)); !slices.Contains(core.ErrorSubjects(), s) {
			t.Errorf("kind %s speaks of %q, which is not one of %v", k, s, core.ErrorSubjects())
		}
	}
}

func TestTheHintComesFromTheOutermostErrorThatHasOne(t *testing.T) {
	inner := core.Errorf(core.ErrorAuth, "refused").WithHint("check %s", "the key")
	outer := core.Errorf(core.ErrorUnavailable, "opening: %w", inner)
	if got := core.HintOf(fmt.Errorf("target: %w", outer)); got != "check the key" {
		t.Errorf("HintOf = %q, want the inner error's hint", got)
	}
	if got := core.HintOf(outer.WithHint("try later")); got != "try later" {
		t.Errorf("HintOf = %q, want the outer error's hint", got)
	}
	if got := core.HintOf(errors.New("plain")); got != "" {
		t.Errorf("HintOf of a plain error = %q", got)
	}
}

func TestDecoratingAnErrorLeavesTheOriginalAlone(t *testing.T) {
	plain := core.Errorf(core.ErrorRateLimited, "slow down")
	decorated := plain.At("limits").After(time.Second).WithHint("wait").About(core.SubjectLimit)
	if plain.Field != "" || plain.Subject != "" || plain.RetryAfter != 0 || plain.Hint != "" {
		t.Errorf("the original changed: %+v", plain)
	}
	if got, want := decorated.Error(), "limits: slow down"; got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	if decorated.RetryAfter != time.Second {
		t.Errorf("RetryAfter = %v", decorated.RetryAfter)
	}
}

func TestErrorsAreOneErrorOnlyIfThereIsOne(t *testing.T) {
	one, other := core.Errorf(core.ErrorConfig, "one"), core.Errorf(core.ErrorConfig, "other")
	if err := (core.Errors{}).Err(); err != nil {
		t.Errorf("no errors are %v, want nil", err)
	}
	if err, ok := (core.Errors{one}).Err().(*core.Error); !ok || err != one { //nolint:errorlint // the error itself, not one that wraps it
		t.Errorf("one error is %v, want itself", err)
	}
	if err := (core.Errors{one, other}).Err(); err == nil || err.Error() != "one; other" || !errors.Is(err, other) {
		t.Errorf("two errors are %v", err)
	}
}
