package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// sameRecord returns in what the record of a run differs from that of another, but
// for times and for attempts that do not count. It compares all that is kept of
// each trial.
func sameRecord(ctx context.Context, s *store.Reader, recorded, replayed string) error {
	was, err := s.Trials(ctx, recorded)
	if err != nil {
		return err
	}
	is, err := s.Trials(ctx, replayed)
	if err != nil {
		return err
	}
	for i := range max(len(was), len(is)) {
		if i >= len(was) || i >= len(is) {
			return notSame("run "+recorded, fmt.Sprintf("%d trials", len(was)), fmt.Sprintf("%d trials", len(is)))
		}
		if err := same("trial "+was[i].ID, timelessTrial(was[i]), timelessTrial(is[i])); err != nil {
			return err
		}
		a, err := saidIn(ctx, s, recorded, was[i].ID)
		if err != nil {
			return err
		}
		b, err := saidIn(ctx, s, replayed, was[i].ID)
		if err != nil {
			return err
		}
		if err := a.same(b, was[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// said is what was said in a trial, without times.
type said struct {
	history []core.Message
	turns   []record.Turn
	helped  []record.HelperTurn
}

func saidIn(ctx context.Context, s *store.Reader, run, trial string) (said, error) {
	var all said
	var err error
	if all.history, err = s.History(ctx, run, trial); err != nil {
		return all, err
	}
	if all.turns, err = s.Turns(ctx, run, trial); err != nil {
		return all, err
	}
	all.helped, err = s.HelperTurns(ctx, run, trial)
	for i := range all.turns {
		timeless(&all.turns[i])
	}
	for i := range all.helped {
		timeless(&all.helped[i].Turn)
	}
	return all, err
}

func timeless(t *record.Turn) { t.Started, t.Ended = time.Time{}, time.Time{} }

func timelessTrial(t store.Trial) store.Trial {
	t.Started, t.Attempt = time.Time{}, 1
	if t.Result != nil {
		result := *t.Result
		result.Ended, t.Result = time.Time{}, &result
	}
	return t
}

func (a said) same(b said, trial string) error {
	if err := same("trial "+trial+": the history", a.history, b.history); err != nil {
		return err
	}
	if err := sameList("trial "+trial+", turn", a.turns, b.turns); err != nil {
		return err
	}
	return sameList("trial "+trial+", helper turn", a.helped, b.helped)
}

func sameList[T any](what string, was, is []T) error {
	for i := range min(len(was), len(is)) {
		if err := same(fmt.Sprintf("%s %d", what, i+1), was[i], is[i]); err != nil {
			return err
		}
	}
	return same(what+"s", len(was), len(is))
}

// same returns where two values differ.
func same(what string, was, is any) error {
	a, err := json.Marshal(was)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", what, err)
	}
	b, err := json.Marshal(is)
	if err != nil {
		return fmt.Errorf("comparing %s: %w", what, err)
	}
	if bytes.Equal(a, b) {
		return nil
	}
	const before, after = 40, 80
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	around := func(text []byte) string {
		return string(text[max(0, min(i, len(text))-before):min(len(text), i+after)])
	}
	return notSame(what, "…"+around(a)+"…", "…"+around(b)+"…")
}

func notSame(what, was, is string) error {
	return core.Errorf(core.ErrorProtocol, "%s is not as it was recorded: recorded %s, replayed %s", what, was, is).
		WithHint("the version of the orchestrator that recorded the run behaved otherwise")
}
