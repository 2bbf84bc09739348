package cli_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestARunKeepsToTheLimitsOfARealServiceAndLosesNoTrial(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		limits  string
		allowed realtimetest.Allowance
	}{
		"the campaign knows the limit":               {", requests_per_minute: 600", realtimetest.Allowance{}},
		"it does not, and the service tells when":    {"", realtimetest.Allowance{TellsWhen: true}},
		"it does not, and nobody tells":              {"", realtimetest.Allowance{}},
		"the service counts connections, and tells":  {"", realtimetest.Allowance{Connections: true, TellsWhen: true}},
		"the service counts connections, and is shy": {"", realtimetest.Allowance{Connections: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it is mostly waiting
			test.allowed.RequestsPerMinute = 600
			target := serveBusyPractice(t, writer{&agent.Agent{}, nil}, test.allowed)
			const trials = 20 // of two turns
			campaign := strings.NewReplacer("ENDPOINT", target.endpoint(), "TRIALS", fmt.Sprint(trials), "concurrency: 2", "concurrency: 8"+test.limits).Replace(twoTurns)
			begun := time.Now()
			p := startCampaign(t, campaign)
			if code := p.exit(); code != 1 {
				t.Fatalf("exit code %d, want 1:\n%s", code, p.output)
			}
			_, all, turns := p.record()
			told := 0
			for _, trial := range all {
				if trial.Result == nil || trial.Result.Outcome != core.Succeeded {
					t.Errorf("trial %s: %+v", trial.ID, trial.Result)
				}
				for _, turn := range turns[trial.ID] {
					if turn.Reply != nil && strings.Contains(strings.Join(turn.Reply.Warnings, "\n"), "it was sent again") {
						told++
					}
				}
			}
			stats := target.realtime.Stats()
			t.Logf("%d turns in %s, %d requests refused, %d turns were sent again", stats.Turns, time.Since(begun).Round(time.Millisecond), stats.Refused, told)
			if stats.Turns != 2*trials {
				t.Errorf("the service answered %d turns, want %d: none twice", stats.Turns, 2*trials)
			}
			if test.limits != "" && stats.Refused > 0 {
				t.Errorf("%d requests were refused, want none", stats.Refused)
			}
			if !test.allowed.Connections && (told == 0) != (stats.Refused == 0) {
				t.Errorf("%d turns say that they were sent again, after %d refusals", told, stats.Refused)
			}
		})
	}
}
