package chat

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestOfSeveralReasonsOneThatSaysNotWholeCounts(t *testing.T) {
	for name, test := range map[string]struct {
		reasons []string
		want    core.Finish
	}{
		"the same twice":     {[]string{"stop", "stop"}, core.FinishComplete},
		"cut, then whole":    {[]string{"length", "stop"}, core.FinishTruncated},
		"whole, then cut":    {[]string{"stop", "length"}, core.FinishTruncated},
		"blocked, and whole": {[]string{"content_filter", "stop"}, core.FinishBlocked},
		"whole, and blocked": {[]string{"stop", "content_filter"}, core.FinishBlocked},
		"unknown, and whole": {[]string{"weary", "stop"}, core.FinishUnconfirmed},
		"calls, and whole":   {[]string{"tool_calls", "stop"}, core.FinishComplete},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAnswer(&target{config: defaultConfig()})
			a.ended = true
			for _, reason := range test.reasons {
				if err := a.takeFinish(reason); err != nil {
					t.Fatal(err)
				}
			}
			if finish, detail := a.outcome(core.UserText("No.")); finish != test.want {
				t.Errorf("the reply is %s (%s), want %s", finish, detail, test.want)
			}
			differ := test.reasons[0] != test.reasons[1]
			if warned := len(a.warnings) > 0; warned != differ {
				t.Errorf("warnings %q for the reasons %q", a.warnings, test.reasons)
			}
		})
	}
}

func TestAReasonOfTheProviderBehindAGatewayCountsWhereItSaysMore(t *testing.T) {
	for name, test := range map[string]struct {
		reason, native string
		want           string
		warnings       int
	}{
		"the same":             {"stop", "stop", "stop", 0},
		"another word for it":  {"length", "MAX_TOKENS", "length", 0},
		"a stop, and cut":      {"stop", "max_tokens", "max_tokens", 1},
		"a stop, and filtered": {"stop", "SAFETY", "SAFETY", 1},
		"cut, and whole":       {"length", "STOP", "length", 0},
		"an unknown one":       {"stop", "end_turn", "stop", 0},
		"none":                 {"stop", "", "stop", 0},
	} {
		a := newAnswer(&target{config: defaultConfig()})
		if err := a.takeChoice(choice{FinishReason: &test.reason, Native: test.native}); err != nil {
			t.Fatal(err)
		}
		if *a.finish != test.want || len(a.warnings) != test.warnings {
			t.Errorf("%s: the reason is %q, with the warnings %q", name, *a.finish, a.warnings)
		}
	}
}
