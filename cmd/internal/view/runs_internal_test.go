package view

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// printed is what a function prints.
func printed(write func(io.Writer)) string {
	var out strings.Builder
	write(&out)
	return out.String()
}

func TestRunsAreListedWithWhereTheyComeFromIfOneWasMadeFromAnother(t *testing.T) {
	first := store.Run{
		ID: "a", Campaign: "night\nly", Status: store.Finished, Trials: 9,
		Outcomes: map[core.Outcome]int{core.Succeeded: 2, core.Defended: 4, core.Errored: 1},
	}
	second := store.Run{ID: "b", Campaign: "nightly", Status: store.Failed, Trials: 9, Origin: "a", OriginKind: store.Rescore}
	for _, test := range []struct {
		runs []store.Run
		want string
	}{
		{
			[]store.Run{first},
			"RUN  CAMPAIGN  STATUS    TRIALS  SUCCEEDED  UNJUDGED\n" +
				"a    night ly  finished       9          2         3\n",
		},
		{
			[]store.Run{second, first},
			"RUN  CAMPAIGN  STATUS    TRIALS  SUCCEEDED  UNJUDGED  FROM\n" +
				"b    nightly   failed         9          0         9  rescore of a\n" +
				"a    night ly  finished       9          2         3\n",
		},
	} {
		if diff := cmp.Diff(test.want, printed(func(w io.Writer) { Runs(w, test.runs) })); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestARunIsShownWithAllThatCameOfIt(t *testing.T) {
	began := time.Date(2026, time.November, 30, 3, 0, 0, 0, time.Local)
	var attacks stats.Rows
	attacks.Add(stats.Of{Attack: "polite", Target: "agent"}, core.Succeeded, 1)
	attacks.Add(stats.Of{Attack: "polite", Target: "agent"}, core.Errored, 1)
	leaked := &record.Result{Outcome: core.Succeeded, Reason: "turn 1: leaked"}
	lost := &record.Result{Outcome: core.Errored, Reason: "no answer"}
	run := Run{
		Run: store.Run{
			ID: "b", Campaign: "nightly", File: "c.yaml", Status: store.Interrupted, Message: "stopped by alice", Origin: "a", OriginKind: store.Rescore,
			Authorization: "ticket 7", Started: began, Ended: began.Add(90 * time.Second), Version: "v1", Recorded: true, Trials: 2,
			Plugins: []store.Plugin{{Name: "acme", Version: "v1"}},
			Plain:   []store.PlainAddress{{Definition: `target "agent"`, Host: "agent.example:8000"}, {Definition: `converter "speak"`, Host: "10.0.0.1:80"}},
		},
		Trials: []store.Trial{
			{ID: "polite/1", Result: leaked},
			{ID: "polite/2", Result: lost},
		},
		Counts:      []store.Count{{Outcome: core.Errored, Failure: &record.Failure{Message: "no answer"}, Trials: 1}},
		Connections: []store.Connection{{Host: "api.example:443"}},
		Attacks:     attacks, Events: "events/b.jsonl",
	}
	want := `run b: interrupted
  stopped by alice
campaign       nightly (c.yaml)
judges again   run a
authorization  ticket 7
started        ` + began.Format(time.RFC3339) + `
ended          ` + began.Add(90*time.Second).Format(time.RFC3339) + `, after 1m30s
orchestrator   v1
recorded       call by call: orchestrator replay holds it again
plugin         acme v1
events         events/b.jsonl
in the clear   target "agent" to agent.example:8000
in the clear   converter "speak" to 10.0.0.1:80
connections    api.example:443 (1)

ATTACK  TRIALS  SUCCEEDED  DEFENDED  ERRORED   ASR   95% CI
polite       2          1         0        1  100%  21-100%

TRIAL     OUTCOME    REASON
polite/1  succeeded  turn 1: leaked
polite/2  errored    no answer

errors:
  1 trial: no answer
`
	if diff := cmp.Diff(want, printed(func(w io.Writer) { run.Write(w, 0) })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAConversationBeginsWithWhatHadBeenSaidBefore(t *testing.T) {
	none := func(core.Value) (string, bool) { return "", false }
	for _, test := range []struct {
		history []core.Message
		want    string
	}{
		{nil, "\n(no turn was recorded)\n"},
		{
			[]core.Message{core.UserText("Hello.\n"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("Hi.")}}}},
			"\nhistory\n    user        Hello.\n    assistant   Hi.\n\n(no turn was recorded)\n",
		},
	} {
		if diff := cmp.Diff(test.want, printed(func(w io.Writer) { Conversation(w, test.history, store.Attempt{}, none) })); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestThePluginsOfARunAreShownWithWhatTheyWereHeldTo(t *testing.T) {
	plugins := []store.Plugin{
		{Name: "acme", Version: "v1", SHA256: "ab", Trust: store.Locked, Sandbox: "landlock", Permissions: core.Permissions{Network: true, Read: []string{"/etc"}}},
		{Name: "mine", Version: "v2", Trust: store.Attached, Sandbox: "none"},
		{Name: "old", Version: "v0", SHA256: "cd"},
	}
	const want = `plugin         acme v1, SHA-256 ab, locked
  may do       network; reads /etc
  sandbox      landlock
plugin         mine v2, attached
  may do       nothing
  sandbox      none
plugin         old v0, SHA-256 cd
`
	if diff := cmp.Diff(want, printed(func(w io.Writer) { writePlugins(w, plugins) })); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestConnectionsAreCountedByHostAndRefusedOnesListedUpToTwenty(t *testing.T) {
	refused := func(n int) (connections []store.Connection, want string) {
		for i := range n {
			connections = append(connections, store.Connection{Plugin: "acme", Host: fmt.Sprintf("h%d:443", i), Refused: "not in scope"})
			if i < 20 {
				want += fmt.Sprintf("  not made     h%d:443, by acme: not in scope\n", i)
			}
		}
		return connections, want
	}
	twenty, listed := refused(20)
	more, _ := refused(23)
	for _, test := range []struct {
		connections []store.Connection
		want        string
	}{
		{nil, ""},
		{[]store.Connection{{Host: "b:1"}, {Host: "a:1"}, {Host: "b:1"}}, "connections    b:1 (2), a:1 (1)\n"},
		{append([]store.Connection{{Host: "a:1"}}, twenty...), "connections    a:1 (1)\n" + listed},
		{more, listed + "  and 3 more were refused or failed\n"},
	} {
		if diff := cmp.Diff(test.want, printed(func(w io.Writer) { writeConnections(w, test.connections) })); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestNeedsThatFewCampaignsHaveAreShownWhereTheyAre(t *testing.T) {
	for _, test := range []struct {
		needs plan.Needs
		plain []plan.PlainAddress
		want  string
	}{
		{plan.Needs{}, nil, "  needs: hosts none; secrets none; programs none\n"},
		{plan.Needs{Files: []string{"/f"}}, nil, "  needs: hosts none; secrets none; programs none; files /f\n"},
		{
			plan.Needs{Hosts: []string{"a", "b"}, Secrets: []string{"KEY"}, Programs: []string{"p"}, Webhooks: []string{"${HOOK}"}},
			[]plan.PlainAddress{{Definition: plan.Definition{Kind: core.KindTarget, Name: "agent"}, Host: "b:8000"}},
			"  needs: hosts a, b; secrets KEY; programs p; webhooks ${HOOK}\n  in the clear: target \"agent\" to b:8000\n",
		},
	} {
		if got := printed(func(w io.Writer) { Needs(w, test.needs, test.plain) }); got != test.want {
			t.Errorf("printed %q, want %q", got, test.want)
		}
	}
}

func TestAnEstimateShowsWhatIsKnown(t *testing.T) {
	least := Estimate{Campaign: "demo", Window: "any time", Estimate: plan.Estimate{Trials: 1}, Attacks: []PlannedAttack{{"polite", 1, nil}}}
	most := Estimate{
		Campaign: "demo", Attacks: []PlannedAttack{{"polite", 2, nil}, {"bold", 1, nil}}, Authorization: "ticket 7", Hosts: []string{"a", "b"}, Plugins: []string{"acme v1"}, Window: "any time",
		Estimate: plan.Estimate{
			Trials: 3, Turns: plan.Range[int64]{Low: 3, High: 6}, InputTokens: plan.Range[int64]{Low: 10, High: 20}, OutputTokens: plan.Range[int64]{Low: 1, High: 1},
			Cost: plan.Range[float64]{Low: 0.5, High: 1}, Currency: "EUR", Unpriced: []string{"agent"}, NotCounted: []string{`scorer "a"`, `scorer "b"`},
			Duration: plan.Range[core.Duration]{Low: core.Duration(time.Second), High: core.Duration(time.Minute)},
		},
	}
	for _, test := range []struct {
		estimate Estimate
		bounds   scope.Bounds
		want     string
	}{
		{least, scope.Bounds{}, `campaign       demo
trials         1 (polite 1)
turns          0
tokens         0 (input 0, output 0)
cost           unknown: the campaign has no prices
time           0s
authorization  none
bounds         none
window         any time
hosts          none
plugins        none
`},
		{most, scope.Bounds{MaxTurns: 5, MaxDuration: time.Minute, MaxTokens: 100, MaxCost: 0.5}, `campaign       demo
trials         3 (polite 2, bold 1)
turns          3 to 6
tokens         11 to 21 (input 10 to 20, output 1)
cost           0.5000 to 1.0000 EUR, without agent: no price
time           1s to 1m0s
not counted    what is asked of targets by scorer "a", scorer "b"
authorization  ticket 7
bounds         max_turns 5, max_duration 1m0s, max_tokens 100, max_cost 0.5 EUR
window         any time
hosts          a, b
plugins        acme v1
`},
	} {
		if diff := cmp.Diff(test.want, printed(func(w io.Writer) { test.estimate.Write(w, test.bounds) })); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestALogOfSchedulesHasWholeLinesWhoeverWrites(t *testing.T) {
	var out strings.Builder
	at := time.Date(2026, time.November, 30, 4, 0, 0, 0, time.FixedZone("CET", 3600))
	log := NewScheduleLog(&out, func() time.Time { return at })
	nightly := log.Writer("nightly")
	const writers, lines = 8, 50
	var writing sync.WaitGroup
	for range writers {
		writing.Go(func() {
			for range lines {
				fmt.Fprint(nightly, "one\n\n  \ntwo\n")
			}
		})
	}
	writing.Wait()
	log.Line("", "over\n")
	fmt.Fprint(nightly, "cut ")
	fmt.Fprint(nightly, "off\nnever ended")
	want := strings.Repeat("2026-11-30T03:00:00Z nightly: one\n2026-11-30T03:00:00Z nightly: two\n", writers*lines) +
		"2026-11-30T03:00:00Z serve: over\n2026-11-30T03:00:00Z nightly: cut off\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
