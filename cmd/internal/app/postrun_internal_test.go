package app

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

const scheduled = `version: 1
name: nightly
BASELINE
notify: [{url: "${HOOK}", format: slack}]
targets: {agent: realtime}
scorers: {leaked: match/substring}
attacks:
  - {name: a, target: agent, objective: x, trials: 8, turns: [{user: a}], scorers: [leaked]}
`

// keep records a finished run of eight trials with an outcome.
func keep(t *testing.T, s *store.Store, id, source string, at time.Time, outcome core.Outcome) {
	t.Helper()
	ctx := t.Context()
	j, err := s.CreateRun(ctx, store.Run{ID: id, Campaign: "nightly", File: "c.yaml", Path: "/c.yaml", Source: []byte(source), Trials: 8, Started: at})
	for i := range 8 {
		trial := record.Trial{TrialInfo: record.TrialInfo{ID: fmt.Sprintf("a/%d", i+1), Number: i + 1, Attack: "a", Target: "agent"}, Ordinal: i}
		if err == nil {
			err = j.BeginTrial(trial, at)
		}
		if err == nil {
			err = j.EndTrial(trial.ID, record.Result{Outcome: outcome, Ended: at})
		}
	}
	if err == nil {
		err = j.Finish(store.Finished, "", at)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestARunThatHasEndedIsComparedByItsRecord(t *testing.T) {
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, string(body))
	}))
	defer server.Close()
	const first, second, last = "20261101-000000-aaaa", "20261102-000000-bbbb", "20261103-000000-cccc"
	at := time.Unix(1000, 0)
	for name, test := range map[string]struct{ campaign, asked, want string }{
		"the run before, where nobody chooses": {"", "", second},
		"the one that the campaign chooses":    {"baseline: " + first, "", first},
		"the one that is asked for":            {"baseline: " + second, first, first},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			source := strings.Replace(scheduled, "BASELINE", test.campaign, 1)
			keep(t, s, first, source, at, core.Defended)
			keep(t, s, second, source, at.Add(time.Hour), core.Succeeded)
			keep(t, s, last, source, at.Add(2*time.Hour), core.Succeeded)

			value, ok := "", false
			told := &comparisons{}
			secrets := &Secrets{LookupEnv: func(string) (string, bool) { return value, ok }}
			said := &notes{}
			prepared := postRun{store: s, reporter: told, log: said}
			compare := func() error {
				run, err := s.Run(t.Context(), last)
				if err != nil {
					return err
				}
				recorded, _, err := readRecorded(t.Context(), s.Reader, run)
				if err != nil {
					return err
				}
				post, err := prepared.prepare(t.Context(), recorded, Spec{Baseline: test.asked, Fallback: campaign.Previous}, secrets, secret.NewRedactor())
				if err == nil {
					post.follow(t.Context(), last)
				}
				return err
			}
			err = compare()
			if core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprint(err), "/c.yaml:4:10: the webhook ${HOOK}: ") {
				t.Errorf("without the secret: %v", err)
			}
			sent = nil
			value, ok = server.URL, true
			if err := compare(); err != nil {
				t.Fatal(err)
			}
			if len(told.all) != 1 || told.all[0].Baseline.ID != test.want {
				t.Errorf("compared: %+v, want the baseline %s", told.all, test.want)
			}
			var notes []string
			if test.want == first { // whose trials were all defended
				notes = append(notes, "telling ${HOOK}")
			}
			if len(sent) != len(notes) || !slices.Equal(said.all, notes) {
				t.Errorf("sent %q, noted %q; want %q", sent, said.all, notes)
			}
		})
	}
}

// comparisons is a Reporter that keeps what it is told of comparisons.
type comparisons struct {
	Reporter
	all []compare.Comparison
}

func (c *comparisons) Compare(one compare.Comparison) { c.all = append(c.all, one) }

// notes is a Log that keeps what steps are taken, and warnings.
type notes struct {
	silence
	all, warned []string
}

func (n *notes) Note(message string) { n.all = append(n.all, message) }

func (n *notes) Warn(message string) { n.warned = append(n.warned, message) }

// silence is a Log that drops everything.
type silence struct{}

func (silence) Note(string)                     {}
func (silence) Warn(string)                     {}
func (silence) WarnOf(yamlfile.Problem, []byte) {}
