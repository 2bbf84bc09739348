package metrics_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/metrics"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// scrape returns what Prometheus would get, without what is not ours.
func scrape(t *testing.T, m *metrics.Metrics) string {
	t.Helper()
	server := httptest.NewServer(m)
	defer server.Close()
	response, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK || !strings.HasPrefix(response.Header.Get("Content-Type"), "text/plain") {
		t.Fatalf("%s, %v", response.Status, err)
	}
	var ours strings.Builder
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, "orchestrator_") {
			ours.WriteString(line)
		}
	}
	return ours.String()
}

func wants(t *testing.T, m *metrics.Metrics, lines ...string) {
	t.Helper()
	got := scrape(t, m)
	for _, line := range lines {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("there is no line\n%s\nin\n%s", line, got)
		}
	}
}

var trial = record.TrialInfo{ID: "polite/1", Attack: "polite", Target: "agent"}

func answered(took time.Duration, used core.Usage) record.Turn {
	at := time.Unix(0, 0)
	return record.Turn{Started: at, Ended: at.Add(took), Sent: core.UserText("a private question"), Reply: &core.Reply{Usage: used}}
}

func TestARunIsCountedWhileItGoesAndWhenItHasEnded(t *testing.T) {
	m := metrics.New()
	run := m.Observer()
	for _, e := range []record.Event{
		record.RunStarted{Campaign: "nightly", Trials: 4},
		record.TrialStarted{Trial: trial},
		record.TrialStarted{Trial: trial},
		record.TurnEnded{Trial: trial, Turn: answered(2*time.Second, core.Usage{InputTokens: 10, OutputTokens: 5})},
		record.TurnEnded{Trial: trial, Turn: record.Turn{Failure: &record.Failure{Kind: core.ErrorTimeout, Message: "a private answer"}}},
		record.HelperTurnEnded{Trial: trial, Turn: record.HelperTurn{Turn: answered(time.Second, core.Usage{InputTokens: 7}), Target: "judge"}},
		record.TargetPaused{Target: "agent", For: time.Second, Reason: record.PauseAsked},
		record.TargetPaused{Target: "agent", For: 2 * time.Second, Reason: record.PauseAsked},
		record.TargetDown{Target: "judge", Kind: core.ErrorUnavailable},
		record.RequestRetried{Target: "agent", Try: 1, Kind: core.ErrorRateLimited},
		record.TrialEnded{Trial: trial, Result: record.Result{Outcome: core.Succeeded, Reason: "a private reason"}},
	} {
		run.Observe(e)
	}
	wants(t, m,
		`orchestrator_runs_active{campaign="nightly"} 1`,
		`orchestrator_trials_active{campaign="nightly"} 1`,
		`orchestrator_trials_total{campaign="nightly",outcome="succeeded"} 1`,
		`orchestrator_turns_total{campaign="nightly",result="answered",target="agent"} 1`,
		`orchestrator_turns_total{campaign="nightly",result="timeout",target="agent"} 1`,
		`orchestrator_turns_total{campaign="nightly",result="answered",target="judge"} 1`,
		`orchestrator_turn_duration_seconds_sum{campaign="nightly",target="agent"} 2`,
		`orchestrator_tokens_total{campaign="nightly",direction="input",target="agent"} 10`,
		`orchestrator_tokens_total{campaign="nightly",direction="output",target="agent"} 5`,
		`orchestrator_target_pauses_total{campaign="nightly",reason="asked",target="agent"} 2`,
		`orchestrator_target_paused{campaign="nightly",target="agent"} 1`,
		`orchestrator_target_down{campaign="nightly",target="judge"} 1`,
		`orchestrator_requests_retried_total{campaign="nightly",kind="rate_limited",target="agent"} 1`,
	)
	before := time.Now().Unix()
	run.Observe(record.RunEnded{Summary: record.Summary{
		Planned: 4, Tally: stats.Tally{Succeeded: 1, Defended: 1, Errored: 1}, Duration: 90 * time.Second, Interrupted: true,
	}})
	wants(t, m,
		`orchestrator_runs_active{campaign="nightly"} 0`,
		`orchestrator_trials_active{campaign="nightly"} 0`,
		`orchestrator_target_paused{campaign="nightly",target="agent"} 0`,
		`orchestrator_target_down{campaign="nightly",target="judge"} 0`,
		`orchestrator_runs_total{campaign="nightly",status="interrupted"} 1`,
		`orchestrator_last_run_asr{campaign="nightly"} 0.5`,
		`orchestrator_last_run_duration_seconds{campaign="nightly"} 90`,
		`orchestrator_last_run_trials_without_evidence{campaign="nightly"} 2`,
	)
	got := scrape(t, m)
	_, after, _ := strings.Cut(got, `orchestrator_last_run_timestamp_seconds{campaign="nightly"} `)
	var ended float64
	if _, err := fmt.Sscan(after, &ended); err != nil || ended < float64(before) {
		t.Errorf("the last run ended at %v (%v), want after %d", ended, err, before)
	}
	if strings.Contains(got, "private") {
		t.Errorf("what was said is in the metrics:\n%s", got)
	}
}

func TestARunWithoutEvidenceHasNoRate(t *testing.T) {
	m := metrics.New()
	for _, tally := range []stats.Tally{{Defended: 1}, {Errored: 1}} {
		run := m.Observer()
		run.Observe(record.RunStarted{Campaign: "nightly"})
		run.Observe(record.RunEnded{Summary: record.Summary{Planned: 1, Tally: tally}})
	}
	if got := scrape(t, m); strings.Contains(got, "last_run_asr") {
		t.Errorf("a rate of 0 would say that the target defended itself:\n%s", got)
	}
}

func TestRunsOfOneCampaignAtTheSameTimeAddUp(t *testing.T) {
	m := metrics.New()
	first, second := m.Observer(), m.Observer()
	for _, run := range []engine.Observer{first, second} {
		run.Observe(record.RunStarted{Campaign: "nightly"})
		run.Observe(record.TrialStarted{Trial: trial})
		run.Observe(record.TargetDown{Target: "agent"})
	}
	first.Observe(record.RunEnded{})
	wants(t, m,
		`orchestrator_runs_active{campaign="nightly"} 1`,
		`orchestrator_trials_active{campaign="nightly"} 1`,
		`orchestrator_target_down{campaign="nightly",target="agent"} 1`,
	)
}

func TestTheNumberOfLabelsIsBounded(t *testing.T) {
	m := metrics.New()
	for i := range 1000 {
		run := m.Observer()
		run.Observe(record.RunStarted{Campaign: fmt.Sprintf("campaign-%d", i)})
		run.Observe(record.TargetDown{Target: fmt.Sprintf("target-%d", i)})
	}
	got := scrape(t, m)
	if n := strings.Count(got, "orchestrator_runs_active{"); n != 201 {
		t.Errorf("%d campaigns have a label, want 200 and one for the others", n)
	}
	wants(t, m, `orchestrator_runs_active{campaign="(other)"} 800`)
}
