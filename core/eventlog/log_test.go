package eventlog_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

const key = "sk-very-private"

// The clock of the machine does not show UTC, which a log does.
func TestMain(m *testing.M) {
	time.Local = time.FixedZone("CET", 3600)
	os.Exit(m.Run())
}

// desk is a log under test.
type desk struct {
	*eventlog.Log
	t        *testing.T
	store    string
	warnings []string
}

func newDesk(t *testing.T, contents bool) *desk {
	t.Helper()
	d := &desk{t: t, store: t.TempDir()}
	redactor := secret.NewRedactor()
	redactor.Add(key)
	d.Log = eventlog.New(eventlog.Options{
		Contents: contents, Redactor: redactor, Warn: func(message string) { d.warnings = append(d.warnings, message) },
	})
	return d
}

// text is what the file of a run holds.
func (d *desk) text() string {
	d.t.Helper()
	b, err := os.ReadFile(eventlog.File(d.store, "r1"))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(b)
}

// lines are the file's lines without version, time and run, which each has to have.
func (d *desk) lines() []string {
	d.t.Helper()
	var all []string
	for line := range strings.Lines(d.text()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			d.t.Fatalf("%q: %v", line, err)
		}
		_, err := time.Parse(time.RFC3339Nano, fields["time"].(string))
		if fields["v"] != 1.0 || fields["run"] != "r1" || err != nil || !strings.HasSuffix(fields["time"].(string), "Z") {
			d.t.Errorf("%q lacks the version, the run or the time in UTC", line)
		}
		_, rest, _ := strings.Cut(line, `"run":"r1",`)
		all = append(all, "{"+strings.TrimSpace(rest))
	}
	return all
}

func (d *desk) wants(want ...string) {
	d.t.Helper()
	if got := d.lines(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		d.t.Errorf("the log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var (
	trial = record.TrialInfo{ID: "polite/1", Attack: "polite", Target: "agent"}
	at    = time.Unix(0, 0)
	turn  = record.Turn{
		Index: 1, Started: at, Ended: at.Add(1500 * time.Millisecond), Sent: core.UserText("The key is " + key + "?"),
		Reply: &core.Reply{
			Message: core.Message{Role: core.Assistant, Parts: []core.Part{
				{Value: core.TextValue("blue eleven")}, {Value: core.Value{Modality: core.Audio, Data: []byte("RIFF")}},
			}},
			Finish: core.FinishComplete, Usage: core.Usage{InputTokens: 12, OutputTokens: 3},
		},
	}
	failure = &record.Failure{Kind: core.ErrorTimeout, Message: "it said blue eleven"}
)

// happenings are one event of each sort, and the line for each.
var happenings = []struct {
	event record.Event
	line  string
	// contents is what is added to the line where contents are asked for.
	contents string
}{
	{record.RunStarted{Campaign: "nightly", Trials: 3, Done: 1}, `"event":"run_started","campaign":"nightly","trials":{"planned":3,"before":1}`, ""},
	{record.TrialStarted{Trial: trial}, `"event":"trial_started","trial":"polite/1","attack":"polite","target":"agent"`, ""},
	{
		record.ConverterEnded{Trial: trial, Turn: 1, Name: "speak", Took: time.Second, Failure: failure},
		`"event":"converter_ended","trial":"polite/1","attack":"polite","turn":2,"component":"speak","seconds":1,"error_kind":"timeout"`, `,"message":"it said blue eleven"`,
	},
	{
		record.TurnEnded{Trial: trial, Turn: turn},
		`"event":"turn_ended","trial":"polite/1","attack":"polite","turn":2,"target":"agent","seconds":1.5,"usage":{"input_tokens":12,"output_tokens":3},"finish":"complete"`,
		`,"sent":[{"role":"user","modality":"text","text":"The key is [redacted]?"}],"reply":[{"role":"assistant","modality":"text","text":"blue eleven"},{"role":"assistant","modality":"audio","bytes":4}]`,
	},
	{
		record.ScorerEnded{Trial: trial, Turn: 1, Took: time.Second, Score: record.Score{Name: "leaked", Score: core.Score{Type: core.ScoreTrueFalse, Value: 0, Rationale: "blue eleven"}}},
		`"event":"scorer_ended","trial":"polite/1","attack":"polite","turn":2,"component":"leaked","seconds":1,"score":0`, `,"message":"blue eleven"`,
	},
	{
		record.HelperTurnEnded{Trial: trial, Turn: record.HelperTurn{Turn: record.Turn{Started: at, Ended: at, Failure: failure}, By: "leaked", For: 1, Target: "judge"}},
		`"event":"helper_turn_ended","trial":"polite/1","attack":"polite","turn":2,"target":"judge","component":"leaked","seconds":0,"error_kind":"timeout"`, `,"message":"it said blue eleven"`,
	},
	{
		record.TrialEnded{Trial: trial, Took: 2 * time.Second, Result: record.Result{Outcome: core.Succeeded, Reason: "it said blue eleven", Turns: 2, Usage: core.Usage{InputTokens: 24}}},
		`"event":"trial_ended","trial":"polite/1","attack":"polite","target":"agent","seconds":2,"usage":{"input_tokens":24},"outcome":"succeeded","turns":2`, `,"message":"it said blue eleven"`,
	},
	{record.TrialInterrupted{Trial: trial, Took: time.Second}, `"event":"trial_interrupted","trial":"polite/1","attack":"polite","seconds":1`, ""},
	{record.TargetPaused{Target: "agent", For: 12 * time.Second, Reason: record.PauseAsked}, `"event":"target_paused","target":"agent","seconds":12,"reason":"asked"`, ""},
	{record.TargetResumed{Target: "agent"}, `"event":"target_resumed","target":"agent"`, ""},
	{record.TargetDown{Target: "agent", Kind: core.ErrorUnavailable}, `"event":"target_down","target":"agent","error_kind":"unavailable"`, ""},
	{record.TargetUp{Target: "agent", After: time.Minute}, `"event":"target_up","target":"agent","seconds":60`, ""},
	{
		record.RequestRetried{Target: "agent", Start: true, Try: 2, Kind: core.ErrorUnavailable},
		`"event":"request_retried","target":"agent","error_kind":"unavailable","request":"start","try":2`, "",
	},
	{record.Warning{Trial: trial, Message: "it said blue eleven"}, `"event":"warning","trial":"polite/1","attack":"polite"`, `,"message":"it said blue eleven"`},
	{record.BoundReached{Why: "scope.max_turns: 2 of 2 turns are used"}, `"event":"bound_reached","detail":"scope.max_turns: 2 of 2 turns are used"`, ""},
	{
		record.RunEnded{Summary: record.Summary{Planned: 3, Tally: stats.Tally{Succeeded: 1, Defended: 1}, Duration: time.Minute, Stopped: "scope.max_turns"}},
		`"event":"run_ended","seconds":60,"status":"bounded","trials":{"planned":3,"succeeded":1,"defended":1}`, "",
	},
}

func TestEachEventIsALineAndHoldsContentsOnlyWhereTheyAreAskedFor(t *testing.T) {
	for _, contents := range []bool{false, true} {
		d := newDesk(t, contents)
		d.Open(d.store, "r1")
		var want []string
		for _, h := range happenings {
			d.Observe(h.event)
			line := "{" + h.line
			if contents {
				line += h.contents
			}
			want = append(want, line+"}")
		}
		d.Close()
		d.wants(want...)
		if len(d.warnings) > 0 {
			t.Errorf("warnings %q", d.warnings)
		}
		for _, private := range []string{"blue eleven", key} {
			if strings.Contains(d.text(), private) && (!contents || private == key) {
				t.Errorf("%q is in the log (contents asked for: %v)", private, contents)
			}
		}
	}
}

func TestWhatHappensToPluginsIsInTheLogAlsoBeforeTheRunHasAName(t *testing.T) {
	d := newDesk(t, false)
	d.Process(eventlog.Process{Plugin: "acme", What: "started", PID: 42})
	d.Open(d.store, "r1")
	d.Process(eventlog.Process{Plugin: "acme", What: "died", PID: 42, Reason: "died (exit status 3)"})
	d.Process(eventlog.Process{Plugin: "acme", What: "restarting", Deaths: 1})
	d.Refused("acme", "evil.example:443", "not in scope.hosts, says "+key)
	d.Close()
	d.wants(
		`{"event":"plugin_started","plugin":"acme","pid":42}`,
		`{"event":"plugin_died","plugin":"acme","pid":42,"detail":"died (exit status 3)"}`,
		`{"event":"plugin_restarting","plugin":"acme","deaths":1}`,
		`{"event":"connection_refused","plugin":"acme","host":"evil.example:443","detail":"not in scope.hosts, says [redacted]"}`,
	)
}

func TestAResumedRunGoesOnInItsLogBehindALineThatWasCutOff(t *testing.T) {
	d := newDesk(t, false)
	file := eventlog.File(d.store, "r1")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("{\"v\":1}\n{\"v\":1,\"eve"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.Open(d.store, "r1")
	d.Observe(record.TargetResumed{Target: "agent"})
	d.Close()
	if got := d.text(); !strings.HasPrefix(got, "{\"v\":1}\n{\"v\":1,\"eve\n{\"v\":1,\"time\":") || strings.Count(got, "\n") != 3 {
		t.Errorf("the log is %q", got)
	}
}

func TestALogThatIsOpenedOnceMoreGoesOnAndRepeatsNothing(t *testing.T) {
	d := newDesk(t, false)
	d.Process(eventlog.Process{Plugin: "acme", What: "started", PID: 42})
	d.Open(d.store, "r1")
	d.Observe(record.TargetResumed{Target: "agent"})
	d.Open(d.store, "r1")
	d.Observe(record.TargetResumed{Target: "judge"})
	d.Close()
	d.Observe(record.TargetResumed{Target: "too late"})
	d.wants(
		`{"event":"plugin_started","plugin":"acme","pid":42}`,
		`{"event":"target_resumed","target":"agent"}`,
		`{"event":"target_resumed","target":"judge"}`,
	)
	if len(d.warnings) > 0 {
		t.Errorf("warnings %q", d.warnings)
	}
}

func TestALogThatCannotBeWrittenIsAWarningAndSaysAfterwardsWhatIsMissing(t *testing.T) {
	t.Run("no room", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("there is no /dev/full")
		}
		d := newDesk(t, false)
		file := eventlog.File(d.store, "r1")
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("/dev/full", file); err != nil {
			t.Fatal(err)
		}
		d.Open(d.store, "r1")
		for range 3 {
			d.Observe(record.TargetResumed{Target: "agent"})
		}
		d.Close()
		if len(d.warnings) != 2 || !strings.Contains(d.warnings[0], "the event log cannot be written") || !strings.Contains(d.warnings[0], "no space left on device") ||
			!strings.Contains(d.warnings[1], "the event log of run r1 lacks 3 events") {
			t.Errorf("warnings %q, want one at once and one at the end", d.warnings)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		d := newDesk(t, false)
		if err := os.WriteFile(filepath.Join(d.store, "events"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		d.Open(d.store, "r1")
		d.Observe(record.TargetResumed{Target: "agent"})
		d.Close()
		if len(d.warnings) != 2 {
			t.Errorf("warnings %q, want one at once and one at the end", d.warnings)
		}
	})
}

func TestManyMayWriteAtATime(t *testing.T) {
	d := newDesk(t, true)
	d.Open(d.store, "r1")
	var writing sync.WaitGroup
	for range 8 {
		writing.Go(func() {
			for range 50 {
				d.Observe(record.TurnEnded{Trial: trial, Turn: turn})
			}
		})
	}
	writing.Wait()
	d.Close()
	if n := len(d.lines()); n != 400 {
		t.Errorf("%d lines, want 400", n)
	}
}

func TestOnlyTheOwnerReadsTheLog(t *testing.T) {
	d := newDesk(t, false)
	d.Open(d.store, "r1")
	d.Close()
	for path, want := range map[string]os.FileMode{eventlog.File(d.store, "r1"): 0o600, filepath.Join(d.store, "events"): 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v (%v), want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

// Whoever is warned may do anything with the log: no lock is held.
func TestWhoeverIsWarnedMayUseTheLog(t *testing.T) {
	store := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(store, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warned := 0
	var l *eventlog.Log
	l = eventlog.New(eventlog.Options{Warn: func(string) {
		if warned++; warned == 1 {
			l.Observe(record.Warning{Message: "the log cannot be written"})
		}
	}})
	l.Open(store, "r1")
	l.Close()
	if warned != 2 { // that it cannot be written, and that an event is missing
		t.Errorf("warned %d times", warned)
	}
}
