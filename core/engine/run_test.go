package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

func TestATurnIsRecordedBeforeItIsScoredAndBeforeTheNextIsSent(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "hi", "code?")
	recorded := func() int { return len(s.diary.recorded("polite/1")) }
	a.answer = func(_ context.Context, heard []core.Message) (core.Reply, error) {
		if recorded() != len(heard)-1 {
			t.Errorf("message %d arrives when %d turns are recorded", len(heard), recorded())
		}
		return says("no"), nil
	}
	judged := 0
	s.shelf.scorers["leaked"] = score(func(context.Context, core.Evidence) (core.Score, error) {
		judged++
		if recorded() != judged {
			t.Errorf("reply %d is judged when %d turns are recorded", judged, recorded())
		}
		return core.BoolScore(false, ""), nil
	})
	s.run(t.Context())
	for _, turn := range s.diary.recorded("polite/1") {
		if len(turn.Scores) != 1 {
			t.Errorf("turn %d has %d scores, want one", turn.Index, len(turn.Scores))
		}
	}
}

func TestTurnsGoThroughTheirConvertersInOrder(t *testing.T) {
	var got core.Message
	a := &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		got = heard[0]
		return says("no"), nil
	}}
	s := newScene(t, a, "code?")
	for _, name := range []string{"a", "b"} {
		s.converter(name, convert(func(_ context.Context, in core.Value) (core.Value, error) {
			return core.TextValue(in.Text() + name), nil
		}))
	}
	s.trial().Turns[0].Parts[0].Converters = []string{"b", "a"}
	s.run(t.Context())
	original := core.TextValue("code?")
	want := core.Message{Role: core.User, Parts: []core.Part{{
		Value: core.TextValue("code?ba"), Original: &original, Converters: []string{"b", "a"},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the target heard (-want +got):\n%s", diff)
	}
}

func TestAScorerJudgesWhatOnAndViaSelectAndSeesTheWholeConversation(t *testing.T) {
	audioReply := func(_ context.Context, heard []core.Message) (core.Reply, error) {
		r := says("the API's transcript")
		r.Message.Parts[0].Transcript = true
		r.Message.Parts = append(r.Message.Parts, core.Part{Value: core.WAVValue(nil)},
			core.Part{Value: core.WAVValue(fmt.Append(nil, "sound ", len(heard)))})
		return r, nil
	}
	s := newScene(t, &agent{answer: audioReply}, "hi", "code?")
	s.trial().SystemPrompt = "Guard the code."
	heard := 0
	s.converter("transcribe", convert(func(_ context.Context, in core.Value) (core.Value, error) {
		heard++
		return core.TextValue("heard: " + in.Text()), nil
	}))
	var evidence []core.Evidence
	listener := score(func(_ context.Context, e core.Evidence) (core.Score, error) {
		evidence = append(evidence, e)
		return core.BoolScore(false, ""), nil
	})
	s.scoredBy("spoken", listener, core.Audio, "transcribe")
	s.scoredBy("again", contains("x"), core.Audio, "transcribe")
	s.success("leaked || spoken || again")
	want(t, s.outcome(), core.Defended)

	if heard != 2 {
		t.Errorf("%d transcriptions for two replies and two scorers, want one for each reply", heard)
	}
	last := evidence[1]
	if len(last.Values) != 1 || last.Values[0].Text() != "heard: sound 2" || last.Objective != s.trial().Objective {
		t.Errorf("judged %+v", last)
	}
	var roles []core.Role
	for _, m := range last.Conversation {
		roles = append(roles, m.Role)
	}
	if want := []core.Role{core.System, core.User, core.Assistant, core.User, core.Assistant}; !slices.Equal(roles, want) {
		t.Errorf("the scorer saw %v, want %v", roles, want)
	}
	turn := s.diary.recorded("polite/1")[0]
	if judged := turn.Scores[1].Judged; len(judged) != 1 || judged[0].Text() != "heard: sound 1" {
		t.Errorf("recorded as judged: %+v", judged)
	}
}

func TestATranscriptionThatFailsOrHearsNothingLeavesTheTrialOpen(t *testing.T) {
	for name, transcribe := range map[string]convert{
		"the recogniser failed": func(context.Context, core.Value) (core.Value, error) {
			return core.Value{}, errors.New("the recogniser failed")
		},
		"no audio from which transcribe made anything": func(context.Context, core.Value) (core.Value, error) {
			return core.TextValue(" "), nil
		},
	} {
		s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			r := says("no")
			r.Message.Parts = append(r.Message.Parts, core.Part{Value: core.WAVValue([]byte("RIFF"))})
			return r, nil
		}}, "code?")
		s.converter("transcribe", transcribe)
		s.scoredBy("spoken", contains("blue eleven"), core.Audio, "transcribe")
		s.success("leaked || spoken")
		want(t, s.outcome(), core.Undetermined, `"spoken"`, name)
	}
}

func TestATargetHoldsAsManyConversationsAsItsLimitAllows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
			time.Sleep(time.Second)
			return says("no"), nil
		}}
		s := newScene(t, a, "code?")
		s.times(12)
		summary := s.run(t.Context())
		if _, most, sent := a.counts(); most != 4 || sent != 12 {
			t.Errorf("%d conversations at a time, %d messages; want 4 and 12", most, sent)
		}
		if summary.Duration != 3*time.Second {
			t.Errorf("12 trials of a second, four at a time, took %s", summary.Duration)
		}
	})
}

func TestAReplyThatDoesNotComeInTimeIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{answer: func(ctx context.Context, _ []core.Message) (core.Reply, error) {
			<-ctx.Done()
			return core.Reply{}, core.Errorf(core.ErrorUnavailable, "stream closed")
		}}
		s := newScene(t, a, "code?")
		result := s.outcome()
		want(t, result, core.Errored, "no answer within 1m0s", `target "agent"`)
		if result.Failure.Kind != core.ErrorTimeout || !strings.Contains(result.Failure.Hint, "limits.timeout") {
			t.Errorf("failure = %+v, want a timeout that says what to set", result.Failure)
		}
	})
}

func TestInterruptingLeavesTrialsInFlightWithoutAnOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{}
		s := newScene(t, a, "hi", "code?")
		s.times(9)
		ctx, cancel := context.WithCancel(t.Context())
		a.answer = func(ctx context.Context, heard []core.Message) (core.Reply, error) {
			if _, _, sent := a.counts(); sent <= 8 {
				return says("no"), nil // the first four trials are held to their end
			}
			time.AfterFunc(time.Second, cancel)
			<-ctx.Done()
			return core.Reply{}, ctx.Err()
		}
		a.end = func(ctx context.Context) error { return ctx.Err() }
		summary := s.run(ctx)
		if warnings := s.seen.warnings(); len(warnings) != 0 {
			t.Errorf("the conversations could not be ended properly: %q", warnings)
		}
		if !summary.Interrupted || summary.Planned != 9 || summary.Tally.Total() != len(s.diary.results) || summary.Tally.Total() == 9 {
			t.Errorf("summary = %+v with %d outcomes", summary, len(s.diary.results))
		}
		unfinished := 0
		for id := range s.diary.begun {
			if _, ok := s.diary.results[id]; ok {
				continue
			}
			unfinished++
			turns := s.diary.recorded(id)
			if last := turns[len(turns)-1]; last.Failure == nil || last.Failure.Kind != core.ErrorInterrupted || last.Sent.Empty() {
				t.Errorf("trial %s: last turn = %+v, want what was sent and that it was interrupted", id, last)
			}
		}
		if unfinished == 0 {
			t.Error("no trial was in flight")
		}
		if open, _, _ := a.counts(); open != 0 || !a.closed {
			t.Errorf("%d conversations are open, target closed: %v", open, a.closed)
		}
	})
}

func TestARunThatWasOverBeforeItWasInterruptedIsNotInterrupted(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	ctx, cancel := context.WithCancel(t.Context())
	s.diary.fail = func(method, _ string) error {
		if method == "EndTrial" {
			cancel()
		}
		return nil
	}
	if summary := s.run(ctx); summary.Interrupted || summary.Tally.Total() != 1 {
		t.Errorf("summary = %+v, want one trial done and no interruption", summary)
	}
}

func TestATrialWhoseLastTurnWasJudgedBeforeTheInterruptionHasAnOutcome(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	ctx, cancel := context.WithCancel(t.Context())
	s.diary.fail = func(method, _ string) error {
		if method == "RecordScores" {
			cancel()
		}
		return nil
	}
	if summary := s.run(ctx); summary.Interrupted || summary.Tally != (stats.Tally{Defended: 1}) {
		t.Errorf("summary = %+v, want the trial defended", summary)
	}
}

func TestAScorerThatWasCutOffByTheInterruptionGivesNoOutcome(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	ctx, cancel := context.WithCancel(t.Context())
	s.shelf.scorers["leaked"] = score(func(ctx context.Context, _ core.Evidence) (core.Score, error) {
		cancel()
		return core.Score{}, ctx.Err()
	})
	if summary := s.run(ctx); !summary.Interrupted || summary.Tally.Total() != 0 {
		t.Errorf("summary = %+v, want an interrupted trial", summary)
	}
	if len(s.diary.recorded("polite/1")) != 1 {
		t.Error("the reply that had come is not recorded")
	} else if scores := s.diary.recorded("polite/1")[0].Scores; len(scores) != 0 {
		t.Errorf("recorded as judged: %+v", scores)
	}
}

func TestEndingAConversationIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene(t, &agent{end: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}}, "code?")
		want(t, s.outcome(), core.Defended)
		if warnings := s.seen.warnings(); len(warnings) != 1 || !strings.Contains(warnings[0], "ending the conversation") {
			t.Errorf("warnings = %q", warnings)
		}
	})
}

func TestARunThatCannotBeRecordedStopsSending(t *testing.T) {
	for _, method := range []string{"BeginTrial", "RecordTurn", "RecordScores", "EndTrial"} {
		t.Run(method, func(t *testing.T) {
			a := &agent{}
			s := newScene(t, a, "hi", "code?")
			s.plan.Targets[0].Limits.Concurrency = 1
			s.times(5)
			full := errors.New("the disk is full")
			s.diary.fail = func(m, id string) error {
				if m == method && id == "polite/2" {
					return full
				}
				return nil
			}
			summary, err := engine.Run(t.Context(), s.plan, s.options())
			if !errors.Is(err, full) || !strings.Contains(err.Error(), "polite/2") {
				t.Errorf("Run: %v, want the Journal's error", err)
			}
			if _, _, sent := a.counts(); sent > 4 {
				t.Errorf("%d messages were sent, want none after trial 2", sent)
			}
			if summary.Tally.Total() != 1 || summary.Interrupted {
				t.Errorf("summary = %+v, want one trial done", summary)
			}
		})
	}
}

func TestNothingIsSentWhenAComponentRefusesItsConfiguration(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "code?")
	s.shelf.broken["leaked"] = core.Errorf(core.ErrorConfig, "no such language").At("lang")
	summary, err := engine.Run(t.Context(), s.plan, s.options())
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), `scorer "leaked" (leaked): lang: no such language`) {
		t.Errorf("Run: %v", err)
	}
	if _, _, sent := a.counts(); sent != 0 || summary.Tally.Total() != 0 || len(s.diary.begun) != 0 {
		t.Errorf("%d messages sent, %d trials done", sent, summary.Tally.Total())
	}
	if !a.closed {
		t.Error("the target, which could be opened, was not closed")
	}
}

func TestNothingIsSentOrRecordedWhereAComponentCannotBeOpened(t *testing.T) {
	for _, broken := range []string{"agent", "upper", "leaked", "transcribe"} {
		a := &agent{}
		s := newScene(t, a, "code?")
		same := convert(func(_ context.Context, in core.Value) (core.Value, error) { return in, nil })
		s.converter("upper", same)
		s.converter("transcribe", same)
		s.trial().Turns[0].Parts[0].Converters = []string{"upper"}
		s.scoredBy("spoken", contains("x"), core.Audio, "transcribe")
		s.success("leaked || spoken")
		s.shelf.broken[broken] = core.Errorf(core.ErrorUnavailable, "the program is missing").WithHint("install it")
		_, err := engine.Run(t.Context(), s.plan, s.options())
		if core.KindOf(err) != core.ErrorUnavailable || core.HintOf(err) != "install it" || !strings.Contains(fmt.Sprint(err), fmt.Sprintf("%q", broken)) {
			t.Errorf("without %s: %v (kind %s, hint %q)", broken, err, core.KindOf(err), core.HintOf(err))
		}
		if _, _, sent := a.counts(); sent != 0 || s.diary.kept != 0 {
			t.Errorf("without %s, %d messages were sent; the record was begun %d times", broken, sent, s.diary.kept)
		}
	}
}

func TestAnInterruptionWhileOpeningIsAnInterruption(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.shelf.broken["agent"] = core.Errorf(core.ErrorUnavailable, "starting the plugin: %w", ctx.Err())
	summary, err := engine.Run(ctx, s.plan, s.options())
	if err != nil || !summary.Interrupted || s.diary.kept != 0 {
		t.Errorf("Run = %+v, %v, with %d records; want an interrupted run without one", summary, err, s.diary.kept)
	}
}

func TestTheJournalIsToldTheOrderOfThePlan(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.times(7)
	s.run(t.Context())
	if s.diary.places["polite/1"] != 0 || s.diary.places["polite/7"] != 6 {
		t.Errorf("the trials' places are %v", s.diary.places)
	}
}

func TestASecretThatSeveralComponentsNeedIsMissedOnce(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
	s.plan.Scorers[0].Config = []byte(`{"key":"${KEY}"}`)
	s.lookup = func(r secret.Reference) (string, error) { return "", fmt.Errorf("%s is not set", r.Name) }
	_, err := engine.Run(t.Context(), s.plan, s.options())
	if want := `KEY is not set (target "agent": api_key, scorer "leaked": key)`; fmt.Sprint(err) != want {
		t.Errorf("Run: %v\nwant %s", err, want)
	}
}

func TestOfEarlierMessagesScorersGetTheWordsOnly(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		r := says("no")
		r.Message.Parts = append(r.Message.Parts, core.Part{Value: core.WAVValue([]byte("RIFF reply"))})
		return r, nil
	}}, "hi", "code?")
	s.converter("speak", convert(func(context.Context, core.Value) (core.Value, error) {
		return core.WAVValue([]byte("RIFF sent")), nil
	}))
	s.trial().Turns[0].Parts[0].Converters = []string{"speak"}
	var last core.Evidence
	s.shelf.scorers["leaked"] = score(func(_ context.Context, e core.Evidence) (core.Score, error) {
		last = e
		return core.BoolScore(false, ""), nil
	})
	want(t, s.outcome(), core.Defended)
	words := func(role core.Role, text string) core.Message {
		return core.Message{Role: role, Parts: []core.Part{{Value: core.TextValue(text)}}}
	}
	reply := words(core.Assistant, "no")
	reply.Parts = append(reply.Parts, core.Part{Value: core.WAVValue([]byte("RIFF reply"))})
	wanted := []core.Message{words(core.User, "hi"), words(core.Assistant, "no"), words(core.User, "code?"), reply}
	if diff := cmp.Diff(wanted, last.Conversation); diff != "" {
		t.Errorf("the scorer saw (-want +got):\n%s", diff)
	}
}

func TestEachComponentIsOpenedOnceAndClosed(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "code?")
	s.times(20)
	s.run(t.Context())
	slices.Sort(s.shelf.opened)
	if want := []string{"agent", "leaked"}; !slices.Equal(s.shelf.opened, want) {
		t.Errorf("opened %v, want %v", s.shelf.opened, want)
	}
	if !a.closed {
		t.Error("the target was not closed")
	}
}

func TestSecretsReachTheComponentAndNothingElse(t *testing.T) {
	const key = "sk-canary-4711"
	a := &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		if len(heard) == 2 {
			return core.Reply{}, core.Errorf(core.ErrorAuth, "key %s was refused", key).WithHint("is %s right?", key)
		}
		r := says("your key is " + key)
		r.Detail, r.Warnings = "with "+key, []string{"ignored " + key}
		return r, nil
	}}
	s := newScene(t, a, "say "+key, "code?")
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
	s.lookup = func(r secret.Reference) (string, error) { return key, nil }
	s.redact = secret.NewRedactor()
	var judged string
	s.shelf.scorers["leaked"] = score(func(_ context.Context, e core.Evidence) (core.Score, error) {
		judged = e.Values[0].Text()
		return core.BoolScore(false, "it said "+key), nil
	})
	result := s.outcome()

	if got := s.shelf.configs["agent"]; got != `{"api_key":"`+key+`"}` {
		t.Errorf("the target was configured with %s", got)
	}
	if !strings.Contains(judged, key) {
		t.Errorf("the scorer judged %q, not what was really said", judged)
	}
	want(t, result, core.Errored, "[redacted]")
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	dump := fmt.Sprintf("%q %+v %+v %q", readable(s.diary.recorded("polite/1")), result, result.Failure, s.seen.events)
	for _, e := range s.seen.events {
		if e, ok := e.(record.TurnEnded); ok {
			dump += fmt.Sprintf("%q", readable([]record.Turn{e.Turn}))
		}
	}
	if strings.Contains(dump, key) {
		t.Errorf("the key is in what was recorded or observed: %s", dump)
	}
}

// readable writes turns out with their payloads as text.
func readable(turns []record.Turn) string {
	var b strings.Builder
	for _, turn := range turns {
		fmt.Fprintln(&b, turn.Sent.Text(), turn.Failure)
		if turn.Reply != nil {
			fmt.Fprintln(&b, turn.Reply.Message.Text(), turn.Reply.Detail, turn.Reply.Warnings)
		}
		for _, s := range turn.Scores {
			fmt.Fprintln(&b, s.Rationale, core.Message{Parts: []core.Part{{Value: s.Judged[0]}}}.Text())
		}
	}
	return b.String()
}

func TestAComponentThatRefusesItsConfigurationCannotPrintItsSecret(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
	s.lookup = func(secret.Reference) (string, error) { return "sk-canary-4711", nil }
	s.redact = secret.NewRedactor()
	s.shelf.broken["agent"] = core.Errorf(core.ErrorConfig, "sk-canary-4711 is no key").WithHint("mend sk-canary-4711")
	_, err := engine.Run(t.Context(), s.plan, s.options())
	if text := fmt.Sprintf("%v %+v %s", err, errors.Unwrap(err), core.HintOf(err)); strings.Contains(text, "4711") || !strings.Contains(text, "is no key") {
		t.Errorf("Run: %s", text)
	}
	if core.KindOf(err) != core.ErrorConfig {
		t.Errorf("the kind is %q, want config", core.KindOf(err))
	}
}

func TestAMissingSecretStopsTheRunBeforeAnythingIsOpened(t *testing.T) {
	s := newScene(t, &agent{}, "code?")
	s.plan.Targets[0].Config = []byte(`{"api_key":"${KEY}"}`)
	s.plan.Scorers[0].Config = []byte(`{"any":["${CODE}"]}`)
	s.lookup = func(r secret.Reference) (string, error) { return "", fmt.Errorf("%s is not set", r.Name) }
	_, err := engine.Run(t.Context(), s.plan, s.options())
	if core.KindOf(err) != core.ErrorConfig {
		t.Errorf("Run: %v, want a config error", err)
	}
	for _, words := range []string{`target "agent"`, "KEY is not set", `scorer "leaked"`, "CODE is not set"} {
		if !strings.Contains(fmt.Sprint(err), words) {
			t.Errorf("Run: %v, which does not say %s", err, words)
		}
	}
	if len(s.shelf.opened) != 0 {
		t.Errorf("opened %v", s.shelf.opened)
	}
}

func TestAnOversizedReplyIsAProtocolFailure(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		r := says("")
		r.Message.Parts[0].Data = make([]byte, 64<<20+1)
		return r, nil
	}}, "code?")
	result := s.outcome()
	want(t, result, core.Errored, "67108865 bytes")
	if result.Failure.Kind != core.ErrorProtocol {
		t.Errorf("failure = %+v", result.Failure)
	}
}

func TestTheSummaryCountsOutcomesAndUsage(t *testing.T) {
	s := newScene(t, &agent{answer: func(_ context.Context, heard []core.Message) (core.Reply, error) {
		return says(heard[0].Text()), nil
	}}, "no")
	s.times(3)
	setup := *s.trial().Setup
	setup.Attack, setup.Turns = "blunt", strategy.Script{strategy.Say(core.TextValue("blue eleven"))}
	other := plan.Trial{Setup: &setup, ID: "blunt/1"}
	s.plan.Trials = append(s.plan.Trials, other)

	summary := s.run(t.Context())
	want := record.Summary{
		Planned: 4, Tally: stats.Tally{Succeeded: 1, Defended: 3},
		Usage: core.Usage{InputTokens: 12, OutputTokens: 20}, Duration: summary.Duration,
	}
	if diff := cmp.Diff(want, summary); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestAnObserverSeesEveryTrialFromStartToEnd(t *testing.T) {
	s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) {
		r := says("blue eleven")
		r.Warnings = []string{"the voice was ignored"}
		return r, nil
	}}, "code?")
	s.run(t.Context())
	var kinds []string
	for _, e := range s.seen.events {
		kinds = append(kinds, strings.TrimPrefix(fmt.Sprintf("%T", e), "record."))
	}
	if want := []string{"RunStarted", "TrialStarted", "Warning", "ScorerEnded", "TurnEnded", "TrialEnded", "RunEnded"}; !slices.Equal(kinds, want) {
		t.Errorf("events = %v, want %v", kinds, want)
	}
	if turn := s.seen.events[4].(record.TurnEnded).Turn; len(turn.Scores) != 1 {
		t.Errorf("the turn was observed without its scores: %+v", turn)
	}
}

func TestEveryTargetHasItsOwnLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, []core.Message) (core.Reply, error) {
			time.Sleep(time.Second)
			return says("no"), nil
		}
		a, b := &agent{answer: slow}, &agent{answer: slow}
		s := newScene(t, a, "code?")
		s.times(8)
		s.shelf.targets["second"] = b
		s.plan.Targets = append(s.plan.Targets, plan.Target{Component: component("second"), Limits: scope.Limits{Concurrency: 1}})
		for i := range s.plan.Trials[:2] {
			s.plan.Trials[i].Target = "second"
		}
		s.run(t.Context())
		_, mostA, sentA := a.counts()
		_, mostB, sentB := b.counts()
		if mostA != 4 || sentA != 6 || mostB != 1 || sentB != 2 {
			t.Errorf("first: %d at a time of %d; second: %d of %d", mostA, sentA, mostB, sentB)
		}
	})
}

func TestTrialsThatWereHeldBeforeAreCountedAndNotHeldAgain(t *testing.T) {
	a := &agent{}
	s := newScene(t, a, "hi")
	s.times(3)
	o := s.options()
	o.Done = map[string]core.Outcome{"polite/1": core.Succeeded, "polite/3": core.Errored}
	summary, err := engine.Run(t.Context(), s.plan, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, sent := a.counts(); sent != 1 || len(s.diary.recorded("polite/2")) != 1 {
		t.Errorf("%d messages were sent, want the one of polite/2", sent)
	}
	if want := (stats.Tally{Succeeded: 1, Defended: 1, Errored: 1}); summary.Tally != want || summary.Interrupted {
		t.Errorf("summary %+v, want the tally %+v", summary, want)
	}
}
