package notify_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/notify"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// run makes a run whose attacks have so many trials that succeeded and that were
// defended.
func run(id string, attacks map[string][2]int) compare.Run {
	r := compare.Run{ID: id, Campaign: "support-line"}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range attacks {
			if !yield(name) {
				return
			}
		}
	}) {
		for i := range attacks[name][0] + attacks[name][1] {
			t := compare.Trial{
				ID: fmt.Sprintf("%s/%d", name, i+1), Attack: name, Target: "agent", Success: "leaked",
				Objective: "The agent reads out the vault code.", Outcome: core.Succeeded,
			}
			if i >= attacks[name][0] {
				t.Outcome = core.Defended
			}
			r.Trials = append(r.Trials, t)
		}
	}
	r.Planned = len(r.Trials)
	return r
}

func worse() notify.Notice {
	return notify.New(compare.New(
		run("20261119-200000-aaaa", map[string][2]int{"blunt": {0, 8}, "patient": {2, 18}, "same": {3, 3}}),
		run("20261126-200000-bbbb", map[string][2]int{"blunt": {1, 7}, "patient": {16, 4}, "same": {3, 3}}), compare.Alpha))
}

// Other programs rely on the JSON form: fields may be added, but not renamed.
func TestTheJSONFormIsStable(t *testing.T) {
	body, err := worse().Body(notify.JSON)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	const golden = "testdata/notice.json"
	if *update {
		if err := os.WriteFile(golden, indented.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	approximately := cmpopts.EquateApprox(0, 1e-9) // processors round differently
	if diff := cmp.Diff(decoded(t, want), decoded(t, body), approximately); diff != "" {
		t.Errorf("-want +got (-update rewrites it):\n%s", diff)
	}
}

func decoded(t *testing.T, data []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// slackText returns the text of a message for Slack.
func slackText(t *testing.T, n notify.Notice) string {
	t.Helper()
	body, err := n.Body(notify.Slack)
	if err != nil {
		t.Fatal(err)
	}
	var message map[string]string
	if err := json.Unmarshal(body, &message); err != nil || len(message) != 1 {
		t.Fatalf("%s: %v", body, err)
	}
	return message["text"]
}

func TestSlackIsToldInAFewLines(t *testing.T) {
	want := strings.Join([]string{
		"*support-line*: worse: 1 new finding, 1 rate rose",
		"run `20261126-200000-bbbb`, baseline `20261119-200000-aaaa`",
		"• new finding blunt: 1 of 8 succeeded, first blunt/1; in the other run none of 8",
		"• rate patient: rose from 2 of 20 to 16 of 20 succeeded, p = 5e-05",
	}, "\n")
	if diff := cmp.Diff(want, slackText(t, worse())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAMessageForSlackIsCutAtALineAndOneThatFitsIsNot(t *testing.T) {
	const most = 3_900
	withName := func(length int) string {
		n := worse()
		n.Comparison.Run.Campaign = strings.Repeat("ä", length)
		return slackText(t, n)
	}
	others := utf8.RuneCountInString(withName(0))
	if text := withName(most - others); utf8.RuneCountInString(text) != most || strings.HasSuffix(text, "…") {
		t.Errorf("a message of %d characters is cut to %d", most, utf8.RuneCountInString(text))
	}
	text := withName(most - others + 1)
	if want := "• new finding blunt: 1 of 8 succeeded, first blunt/1; in the other run none of 8\n…"; !strings.HasSuffix(text, want) {
		t.Errorf("a message that is too long ends with %q", text[len(text)-200:])
	}
}

func TestNothingThatWasSaidIsSent(t *testing.T) {
	for _, format := range []notify.Format{notify.JSON, notify.Slack} {
		if body, err := worse().Body(format); err != nil || bytes.Contains(body, []byte("vault code")) {
			t.Errorf("%s: %s, %v", format, body, err)
		}
	}
}

func TestSlackTakesNothingForMarkup(t *testing.T) {
	baseline, later := run("<!channel>", nil), run("b&c", map[string][2]int{"@here <https://x|y>": {1, 1}})
	text := slackText(t, notify.New(compare.New(baseline, later, compare.Alpha)))
	for _, markup := range []string{"<", ">", "@here"} {
		if strings.Contains(text, markup) {
			t.Errorf("%q is in %q", markup, text)
		}
	}
	if !strings.Contains(text, "&lt;!channel&gt;") || !strings.Contains(text, "b&amp;c") {
		t.Errorf("text %q, want the names escaped", text)
	}
}

func TestALongMessageIsCutAtALine(t *testing.T) {
	attacks := map[string][2]int{}
	for i := range 200 {
		attacks[fmt.Sprintf("%03d-%s", i, strings.Repeat("ä&", 200))] = [2]int{1, 0}
	}
	text := slackText(t, notify.New(compare.New(run("a", nil), run("b", attacks), compare.Alpha)))
	if n := utf8.RuneCountInString(text); n > 4000 || !strings.HasSuffix(text, "\n…") {
		t.Errorf("%d characters: …%q", n, text[len(text)-40:])
	}
	short := map[string][2]int{}
	for i := range 13 {
		short[fmt.Sprint("attack-", i)] = [2]int{1, 0}
	}
	if text := slackText(t, notify.New(compare.New(run("a", nil), run("b", short), compare.Alpha))); !strings.Contains(text, "• and 3 more") {
		t.Errorf("text %q, want it to count the rest", text)
	}
}

func TestAWebhookIsToldOfItsOccasionsOnly(t *testing.T) {
	baseline := run("a", map[string][2]int{"x": {2, 18}})
	for name, test := range map[string]struct {
		now  [2]int
		want []notify.Occasion
	}{
		"nothing changed":        {[2]int{3, 17}, []notify.Occasion{}},
		"it rose":                {[2]int{16, 4}, []notify.Occasion{notify.ASRMoved}},
		"nothing was held":       {[2]int{0, 0}, []notify.Occasion{}}, // the attack is not there any more
		"nothing was reproduced": {[2]int{0, 20}, []notify.Occasion{}},
	} {
		n := notify.New(compare.New(baseline, run("b", map[string][2]int{"x": test.now, "other": {0, 5}}), compare.Alpha))
		if !slices.Equal(n.Occasions, test.want) {
			t.Errorf("%s: occasions %v, want %v", name, n.Occasions, test.want)
		}
		for _, o := range []notify.Occasion{notify.NewFinding, notify.ASRMoved, notify.NoEvidence} {
			if n.Concerns(notify.Webhook{On: []notify.Occasion{o}}) != slices.Contains(test.want, o) {
				t.Errorf("%s: a webhook on %s", name, o)
			}
		}
	}
	if n := notify.New(compare.New(baseline, run("b", nil), compare.Alpha)); !slices.Equal(n.Occasions, []notify.Occasion{notify.NoEvidence}) {
		t.Errorf("a run without trials: %v, want no evidence", n.Occasions)
	}
}
