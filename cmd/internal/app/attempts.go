package app

import (
	"context"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// endedAttempts are the numbers of the attempts that have an outcome, in order, at the
// trials of a recorded run that were held again.
type endedAttempts map[string][]int

// readAttempts reads the attempts at the trials of a run.
func readAttempts(ctx context.Context, s *store.Reader, run string) (endedAttempts, error) {
	trials, err := s.Trials(ctx, run)
	if err != nil {
		return nil, err
	}
	ended := endedAttempts{}
	for _, t := range trials {
		attempts, err := attemptsAt(ctx, s, run, t)
		if err != nil {
			return nil, err
		}
		for _, a := range attempts {
			if t.Begun > 1 {
				ended[t.ID] = append(ended[t.ID], a.Number)
			}
		}
	}
	return ended, nil
}

// attemptsAt returns the attempts at a trial that have an outcome, in order.
func attemptsAt(ctx context.Context, s *store.Reader, run string, t store.Trial) ([]store.AttemptResult, error) {
	switch {
	case t.Result == nil:
		return nil, nil
	case t.Begun == 1:
		return []store.AttemptResult{{Number: 1, Started: t.Started, Result: t.Result}}, nil
	}
	attempts, err := s.Attempts(ctx, run, t.ID)
	return slices.DeleteFunc(attempts, func(a store.AttemptResult) bool { return a.Result == nil }), err
}

// number returns the number of the n-th attempt that ended, from 0.
func (e endedAttempts) number(trial string, n int) int {
	if numbers := e[trial]; n < len(numbers) {
		return numbers[n]
	}
	return n + 1 // of a trial that was begun once
}

// addTo has a plan hold all of the attempts.
func (e endedAttempts) addTo(p *plan.Plan) {
	p.Earlier = map[string][]*plan.Setup{}
	for i := range p.Trials {
		t := &p.Trials[i]
		for range max(1, len(e[t.ID])) - 1 {
			p.Earlier[t.ID] = append(p.Earlier[t.ID], t.Setup)
		}
	}
}
