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
