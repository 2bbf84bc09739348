package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// diffRecords returns an error that names the first difference between the
// records of a replay and of its run, nil where there is none. It compares
// everything recorded of each trial, except times and attempts that did not end.
func diffRecords(ctx context.Context, s *store.Reader, recorded, replayed string) error {
	before, err := s.Trials(ctx, recorded)
	if err != nil {
		return err
	}
	now, err := s.Trials(ctx, replayed)
	if err != nil {
		return err
	}
	for i := range min(len(before), len(now)) {
		if err := diff("trial "+before[i].ID, timelessTrial(before[i]), timelessTrial(now[i])); err != nil {
			return err
		}
		if err := diffAttempts(ctx, s, side{recorded, before[i]}, side{replayed, now[i]}); err != nil {
			return err
		}
	}
	if len(before) != len(now) {
		return mismatch("run "+recorded, phrase.Count(len(before), "trial"), phrase.Count(len(now), "trial"))
	}
	return nil
}

// side is a trial of one of the two runs.
type side struct {
	run   string
	trial store.Trial
}

// diffAttempts compares the attempts at a trial that have an outcome.
func diffAttempts(ctx context.Context, s *store.Reader, recorded, replayed side) error {
	before, err := attemptsAt(ctx, s, recorded.run, recorded.trial)
	if err != nil {
		return err
	}
	now, err := attemptsAt(ctx, s, replayed.run, replayed.trial)
	if err != nil {
		return err
	}
	what := "trial " + recorded.trial.ID
	if len(before) != len(now) {
		return mismatch(what, phrase.Count(len(before), "attempt"), phrase.Count(len(now), "attempt"))
	}
	for i := range before {
		if len(before) > 1 {
			what = fmt.Sprintf("trial %s, attempt %d", recorded.trial.ID, before[i].Number)
		}
		was, is := timelessResult(before[i].Result), timelessResult(now[i].Result)
		was.Scores, is.Scores = nil, nil // those of the turns are compared
		if err := diff(what, was, is); err != nil {
			return err
		}
		a, err := readConversation(ctx, s, recorded, before[i].Number)
		if err != nil {
			return err
		}
		b, err := readConversation(ctx, s, replayed, now[i].Number)
		if err != nil {
			return err
		}
		if err := diffConversations(what, a, b); err != nil {
			return err
		}
	}
	return nil
}

// conversation is what was said in a trial, without times.
type conversation struct {
	history     []core.Message
	turns       []record.Turn
	helperTurns []record.HelperTurn
}

func readConversation(ctx context.Context, s *store.Reader, of side, attempt int) (conversation, error) {
	history, err := s.History(ctx, of.run, of.trial.ID)
	if err != nil {
		return conversation{}, err
	}
	said, err := s.Attempt(ctx, of.run, of.trial.ID, attempt)
	c := conversation{history: history, turns: said.Turns, helperTurns: said.HelperTurns}
	for i := range c.turns {
		clearTimes(&c.turns[i])
	}
	for i := range c.helperTurns {
		clearTimes(&c.helperTurns[i].Turn)
	}
	return c, err
}

func clearTimes(t *record.Turn) { t.Started, t.Ended = time.Time{}, time.Time{} }

func timelessTrial(t store.Trial) store.Trial {
	t.Started, t.Attempt, t.Begun = time.Time{}, 1, t.Held
	t.Result = timelessResult(t.Result)
	return t
}

// timelessResult returns a result without its time; nil for nil.
func timelessResult(r *record.Result) *record.Result {
	if r == nil {
		return nil
	}
	result := *r
	result.Ended = time.Time{}
	return &result
}

func diffConversations(trial string, recorded, replayed conversation) error {
	if err := diff(trial+": the history", recorded.history, replayed.history); err != nil {
		return err
	}
	if err := diffLists(trial, "turn", recorded.turns, replayed.turns); err != nil {
		return err
	}
	return diffLists(trial, "helper turn", recorded.helperTurns, replayed.helperTurns)
}

func diffLists[T any](trial, noun string, recorded, replayed []T) error {
	for i := range min(len(recorded), len(replayed)) {
		if err := diff(fmt.Sprintf("%s, %s %d", trial, noun, i+1), recorded[i], replayed[i]); err != nil {
			return err
		}
	}
	if len(recorded) != len(replayed) {
		return mismatch(trial, phrase.Count(len(recorded), noun), phrase.Count(len(replayed), noun))
	}
	return nil
}

// diff returns an error that shows where two values differ, nil where they do
// not.
func diff(what string, recorded, replayed any) error {
	a, err := json.Marshal(recorded)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", what, err)
	}
	b, err := json.Marshal(replayed)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", what, err)
	}
	if bytes.Equal(a, b) {
		return nil
	}
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return mismatch(what, around(a, i), around(b, i))
}

// around returns the part of a text around an offset, in whole characters.
func around(text []byte, at int) string {
	const before, after = 40, 80 // bytes
	begin, end := max(0, min(at, len(text))-before), min(len(text), at+after)
	for begin > 0 && !utf8.RuneStart(text[begin]) {
		begin--
	}
	for end < len(text) && !utf8.RuneStart(text[end]) {
		end++
	}
	return "…" + string(text[begin:end]) + "…"
}

func mismatch(what, recorded, replayed string) error {
	return core.Errorf(core.ErrorProtocol, "%s is not as it was recorded: recorded %s, replayed %s", what, recorded, replayed).
		WithHint("the version of the orchestrator that recorded the run behaved otherwise")
}
