package cassette_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// turn is one that was answered.
func turn(sent, reply string) record.Turn {
	r := answered(reply).Replies[0]
	return record.Turn{Sent: core.UserText(sent), Reply: &r}
}

// failed is a turn without a reply, or, where one is given, with one that broke off.
func failed(sent string, kind core.ErrorKind, reply string) record.Turn {
	t := record.Turn{Sent: core.UserText(sent), Failure: &record.Failure{Kind: kind, Message: "it is gone", Hint: "start it"}}
	if reply != "" {
		r := answered(reply).Replies[0]
		r.Finish = core.FinishBroken
		t.Reply = &r
	}
	return t
}

// judging is a plan of trials of an attack with two turns, judged by a scorer that
// asks the target judge about what a converter makes.
func judging(t *testing.T, ids ...string) (*plan.Plan, record.Catalog) {
	t.Helper()
	asks, err := schema.Of(struct {
		Model core.Model `json:"model" doc:"Who judges." required:"true"`
	}{})
	if err != nil {
		t.Fatal(err)
	}
	named := func(name, use, config string) plan.Component {
		return plan.Component{Name: name, Use: use, Config: []byte(config)}
	}
	p := &plan.Plan{
		Name:       "demo",
		Targets:    []plan.Target{{Component: named("agent", "realtime", "{}"), Limits: scope.Limits{Concurrency: 8}}, {Component: named("judge", "chat", "{}")}, {Component: named("spare", "chat", "{}")}},
		Converters: []plan.Converter{{Component: named("hear", "transcribe", "{}")}, {Component: named("phone", "audio/telephone", "{}")}},
		Scorers:    []plan.Scorer{{Component: named("judged", "judge", `{"model": "judge"}`), Via: []string{"hear"}}, {Component: named("unused", "judge", `{"model": "spare"}`)}},
	}
	setup := &plan.Setup{Attack: "polite", Target: "agent", Scorers: []string{"judged"}, Turns: strategy.Script{strategy.Say(core.TextValue("one")), strategy.Say(core.TextValue("two"))}}
	for i, id := range ids {
		p.Trials = append(p.Trials, plan.Trial{Setup: setup, ID: id, Number: i + 1})
	}
	return p, record.Catalog{{Info: core.Info{Kind: core.KindScorer, Name: "judge"}, Schema: asks}}
}

// rescore judges the conversation of one trial again.
func rescore(t *testing.T, c cassette.Conversation, said ...record.Turn) *cassette.Rescoring {
	t.Helper()
	p, catalog := judging(t, trialID)
	c.TrialID, c.Target = trialID, "agent"
	r, err := cassette.Rescore(p, catalog, []cassette.Conversation{c}, func(cassette.Conversation) ([]record.Turn, error) { return said, nil })
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOnlyWhatJudgesIsKeptAndTheTargetStaysByName(t *testing.T) {
	p, catalog := judging(t, "polite/1", "polite/2")
	p.Targets[0].Plain, p.Targets[1].Plain = []string{"agent.example:80"}, []string{"judge.example:80"}
	held := []cassette.Conversation{{TrialID: "polite/1", Target: "agent", SystemPrompt: "Be kind."}, {TrialID: "rude/1", Target: "agent"}}
	r, err := cassette.Rescore(p, catalog, held, func(cassette.Conversation) ([]record.Turn, error) {
		return []record.Turn{turn("one", "No."), turn("two", "No.")}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(r.Unheld, []string{"polite/2"}) || !slices.Equal(r.Unplanned, []string{"rude/1"}) {
		t.Errorf("unheld %v, unplanned %v", r.Unheld, r.Unplanned)
	}
	if len(r.Plan.Trials) != 1 || r.Plan.Trials[0].ID != "polite/1" || r.Plan.Trials[0].SystemPrompt != "Be kind." || r.Plan.Trials[0].StopOn != plan.StopNever {
		t.Fatalf("trials %+v", r.Plan.Trials)
	}
	if len(r.Plan.Scorers) != 1 || r.Plan.Scorers[0].Name != "judged" || len(r.Plan.Converters) != 1 || r.Plan.Converters[0].Name != "hear" {
		t.Errorf("scorers %+v, converters %+v; want the ones that judge", r.Plan.Scorers, r.Plan.Converters)
	}
	judge := plan.PlainAddress{Definition: plan.Definition{Kind: core.KindTarget, Name: "judge"}, Host: "judge.example:80"}
	if got := r.Plan.Plain(); len(got) != 1 || got[0] != judge {
		t.Errorf("speaks in the clear to %v; want the judge alone", got)
	}
	targets := r.Plan.Targets
	if len(targets) != 2 || targets[0].Name != "judge" || targets[0].Use != "chat" || targets[1].Name != "agent" || targets[1].Use != "" || targets[1].Limits.Concurrency != 8 {
		t.Errorf("targets %+v; want the judge, and the agent by name only", targets)
	}
}

func TestATargetThatOnlyHeldTheConversationsDoesNothing(t *testing.T) {
	judges := rescore(t, cassette.Conversation{}, turn("one", "No.")).Opener(core.Opener(opener{}))
	opened, err := judges.Open(t.Context(), core.KindTarget, "", nil)
	if err != nil {
		t.Fatalf("without a name: %v", err)
	}
	checkAbsent(t, opened)
	if opened, err := judges.Open(t.Context(), core.KindTarget, "chat", nil); err != nil || opened != "chat" {
		t.Errorf("with a name: %v, %v", opened, err)
	}
}

// opener opens components that are their names.
type opener struct{}

func (opener) Open(_ context.Context, _ core.Kind, use string, _ []byte) (any, error) {
	return use, nil
}

func TestWhatWasSaidIsToldAgainAndOnlyOnce(t *testing.T) {
	r := rescore(t, cassette.Conversation{}, turn("one", "No."), turn("two", "Never."))
	if a, ok, err := r.Answer(t.Context(), trialID, start("agent")); err != nil || !ok || a.Err != nil {
		t.Fatalf("the start: %+v, %t, %v", a, ok, err)
	}
	for i, want := range []string{"No.", "Never."} {
		c := send("agent", "whatever")
		c.Turn = i
		a, ok, err := r.Answer(t.Context(), trialID, c)
		if err != nil || !ok || len(a.Replies) != 1 || a.Replies[0].Message.Text() != want || a.Err != nil {
			t.Fatalf("turn %d: %+v, %t, %v; want %s", i, a, ok, err, want)
		}
		if err := r.End("another/1"); i == 0 && (err == nil || !strings.Contains(err.Error(), "attempt 1 is held beyond those that were recorded")) {
			t.Errorf("the end of a trial that was not told: %v", err)
		}
	}
	if _, _, err := r.Answer(t.Context(), trialID, send("agent", "more")); err == nil || !strings.Contains(err.Error(), "turn 3: a message is sent beyond the recorded conversation") {
		t.Errorf("a turn more: %v", err)
	}
	if err := r.End(trialID); err != nil {
		t.Error(err)
	}
}

func TestAConversationThatIsNotToldToItsEndIsAnError(t *testing.T) {
	r := rescore(t, cassette.Conversation{}, turn("one", "No."))
	if err := r.End(trialID); err == nil || !strings.Contains(err.Error(), "the trial ended before turn 1 of the recorded conversation") {
		t.Errorf("End with a turn left: %v", err)
	}
}

func TestWhateverJudgesIsAskedItself(t *testing.T) {
	r := rescore(t, cassette.Conversation{}, turn("one", "No."))
	if _, _, err := r.Answer(t.Context(), trialID, send("agent", "one")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]record.Call{
		"a scorer":               score("judged"),
		"a scorer's helper":      by("judged", 1, send("judge", "Is it polite?")),
		"a converter of a reply": {Kind: record.CallConvert, Name: "hear", Values: []core.Value{core.TextValue("No.")}},
	} {
		if _, ok, err := r.Answer(t.Context(), trialID, c); ok || err != nil {
			t.Errorf("%s: answered %t, %v", name, ok, err)
		}
	}
}

func TestConvertersOfTurnsMakeWhatTheyMade(t *testing.T) {
	original, made := core.TextValue("one"), core.Value{Modality: core.Audio, MediaType: core.MediaWAV, Data: []byte("RIFF")}
	spoken := turn("", "No.")
	spoken.Sent.Parts = []core.Part{{Value: made, Original: &original, Converters: []string{"speak", "phone"}}}
	r := rescore(t, cassette.Conversation{}, spoken)
	if part := r.Plan.Trials[0].Turns[0].Parts[0]; part.Value.Text() != "one" || len(part.Converters) != 2 {
		t.Errorf("the turn is planned as %+v, want what it was made from", part)
	}
	convert := record.Call{Kind: record.CallConvert, Name: "speak", Values: []core.Value{original}}
	for i, want := range []core.Value{original, made} {
		a, ok, err := r.Answer(t.Context(), trialID, convert)
		if err != nil || !ok || string(a.Value.Data) != string(want.Data) {
			t.Errorf("converter %d makes %+v, %t, %v; want %+v", i+1, a.Value, ok, err, want)
		}
	}
	if _, _, err := r.Answer(t.Context(), trialID, convert); err == nil || !strings.Contains(err.Error(), "turn 1: a converter is called more often than was recorded") {
		t.Errorf("a third converter: %v", err)
	}
}

func TestSilenceThatTheCampaignDeclaresIsKnownAgain(t *testing.T) {
	sound := func(b string) core.Value {
		return core.Value{Modality: core.Audio, MediaType: core.MediaWAV, Data: []byte(b)}
	}
	said := turn("", "No.")
	said.Sent.Parts = []core.Part{{Value: sound("pause")}, {Value: sound("clip")}}
	p, catalog := judging(t, trialID)
	p.Trials[0].Turns = strategy.Script{{Parts: []strategy.Part{{Value: sound("pause"), Background: true}, {Value: sound("clip")}}}}
	held := []cassette.Conversation{{TrialID: trialID, Target: "agent"}}
	r, err := cassette.Rescore(p, catalog, held, func(cassette.Conversation) ([]record.Turn, error) { return []record.Turn{said}, nil })
	if err != nil {
		t.Fatal(err)
	}
	parts := r.Plan.Trials[0].Turns[0].Parts
	if !parts[0].Background || parts[1].Background {
		t.Errorf("the parts are %+v, want the first to be background", parts)
	}
}

func TestAFailureAroundTheConversationStays(t *testing.T) {
	uncleaned := &record.Failure{Kind: core.ErrorUnavailable, Message: "after_trial, request 1: it is gone"}
	r := rescore(t, cassette.Conversation{Failure: uncleaned}, turn("one", "No."))
	if failed := r.Plan.Trials[0].Failed; core.KindOf(failed) != core.ErrorUnavailable || failed.Error() != uncleaned.Message {
		t.Errorf("the trial failed with %v, want %v", failed, uncleaned)
	}
	for name, r := range map[string]*cassette.Rescoring{
		"no failure":             rescore(t, cassette.Conversation{}, turn("one", "No.")),
		"a failure of a turn":    rescore(t, cassette.Conversation{Failure: uncleaned}, failed("one", core.ErrorTimeout, "")),
		"a failure of the start": rescore(t, cassette.Conversation{Failure: uncleaned}),
	} {
		if failed := r.Plan.Trials[0].Failed; failed != nil {
			t.Errorf("%s: the trial failed with %v", name, failed)
		}
	}
}

func TestAFailureIsToldAsItWas(t *testing.T) {
	r := rescore(t, cassette.Conversation{}, turn("one", "No."), failed("two", core.ErrorTimeout, ""))
	if a, _, err := r.Answer(t.Context(), trialID, record.Call{Kind: record.CallSend, Messages: []core.Message{core.UserText("one"), core.UserText("two")}}); err != nil ||
		len(a.Replies) != 1 || core.KindOf(a.Err) != core.ErrorTimeout || core.HintOf(a.Err) != "start it" || a.Err.Error() != "it is gone" {
		t.Errorf("answer %+v, %v; want one reply and why there is no second", a, err)
	}
	never := rescore(t, cassette.Conversation{Failure: &record.Failure{Kind: core.ErrorAuth, Message: "no key"}})
	if a, _, err := never.Answer(t.Context(), trialID, start("agent")); err != nil || core.KindOf(a.Err) != core.ErrorAuth {
		t.Errorf("the start of what never began: %+v, %v", a, err)
	}
	unsaid := rescore(t, cassette.Conversation{}, record.Turn{Sent: core.UserText("one")})
	if a, _, err := unsaid.Answer(t.Context(), trialID, send("agent", "one")); err != nil || core.KindOf(a.Err) != core.ErrorInternal {
		t.Errorf("a turn with neither: %+v, %v", a, err)
	}
}

func TestATurnThatAStopCutOffIsLeftOutUnlessSomethingHadArrived(t *testing.T) {
	for name, test := range map[string]struct {
		said []record.Turn
		want int
		cut  bool
	}{
		"nothing had arrived":           {[]record.Turn{failed("one", core.ErrorInterrupted, ""), turn("one", "No."), turn("two", "No.")}, 2, false},
		"something had arrived":         {[]record.Turn{failed("one", core.ErrorInterrupted, "N"), turn("one", "No."), turn("two", "No.")}, 3, false},
		"another failure":               {[]record.Turn{failed("one", core.ErrorTimeout, ""), turn("two", "No.")}, 2, false},
		"the last one":                  {[]record.Turn{turn("one", "No."), failed("two", core.ErrorInterrupted, "")}, 2, false},
		"fewer than the campaign says":  {[]record.Turn{turn("one", "No.")}, 1, true},
		"one of the two was sent again": {[]record.Turn{failed("one", core.ErrorInterrupted, "N"), turn("one", "No.")}, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			trial := rescore(t, cassette.Conversation{}, test.said...).Plan.Trials[0]
			if len(trial.Turns) != test.want || (trial.Cut != "") != test.cut {
				t.Errorf("%d turns, cut %q; want %d, cut %t", len(trial.Turns), trial.Cut, test.want, test.cut)
			}
			if test.cut && trial.Cut != "the conversation ended after 1 of 2 turns, and what was not said was not resisted" {
				t.Errorf("cut %q", trial.Cut)
			}
		})
	}
	if trial := rescore(t, cassette.Conversation{Failure: &record.Failure{Kind: core.ErrorTimeout}}, turn("one", "No.")).Plan.Trials[0]; trial.Cut != "" {
		t.Errorf("a conversation that failed is cut: %q; its failure says enough", trial.Cut)
	}
}

func TestToolsAnswerAsTheyDid(t *testing.T) {
	calls := turn("one", "")
	calls.Reply.Message.Parts = []core.Part{{Value: core.Value{Modality: core.ToolCall, Data: []byte(`{"call_id": "c1", "name": "vault"}`)}}}
	result := turn("", "It is open.")
	result.Sent = core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{Modality: core.ToolResult, Data: []byte(`{"call_id": "c1", "output": "open"}`)}}}}
	trial := rescore(t, cassette.Conversation{}, calls, result, turn("two", "Bye.")).Plan.Trials[0]
	if len(trial.Turns) != 2 || len(trial.ToolResults) != 1 || trial.ToolResults["vault"] != "open" || trial.Cut != "" {
		t.Errorf("%d turns, tool results %v, cut %q", len(trial.Turns), trial.ToolResults, trial.Cut)
	}
}

func TestTurnsThatCannotBeReadAreAnError(t *testing.T) {
	broken := errors.New("the disk is gone")
	p, catalog := judging(t, trialID)
	_, err := cassette.Rescore(p, catalog, []cassette.Conversation{{TrialID: trialID}}, func(cassette.Conversation) ([]record.Turn, error) { return nil, broken })
	if !errors.Is(err, broken) {
		t.Errorf("Rescore: %v", err)
	}
}
