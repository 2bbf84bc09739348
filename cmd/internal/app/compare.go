package app

import (
	"context"
	"errors"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// FindRun reads a run by its ID, by a prefix of it, or as "latest". An error of
// [core.ErrorConfig] says that there is no such run, or more than one.
func FindRun(ctx context.Context, s *store.Reader, name string) (store.Run, error) {
	run, err := s.Run(ctx, name)
	switch {
	case name == "latest" && errors.Is(err, store.ErrNotFound):
		return run, core.Errorf(core.ErrorConfig, "no runs yet: %s holds none", s.Dir()).WithHint("orchestrator run makes one; --store names another store")
	case errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrAmbiguous):
		return run, core.Errorf(core.ErrorConfig, "%w", err).WithHint("orchestrator list shows all runs")
	}
	return run, err
}

// Compare compares two runs. If the baseline has the ID "", there is none, and
// every finding is new. alpha is the probability of reporting a change where
// there is none.
func Compare(ctx context.Context, s *store.Reader, baseline, run store.Run, alpha float64) (compare.Comparison, error) {
	var sides [2]compare.Run
	for i, r := range []store.Run{baseline, run} {
		if r.ID == "" {
			continue
		}
		trials, err := s.Trials(ctx, r.ID)
		if err != nil {
			return compare.Comparison{}, err
		}
		sides[i] = compare.Run{ID: r.ID, Campaign: r.Campaign, Source: r.Source, Planned: r.Trials, Trials: trialsOf(trials)}
	}
	return compare.New(sides[0], sides[1], alpha), nil
}

// trialsOf returns the properties of trials that are compared.
func trialsOf(trials []store.Trial) []compare.Trial {
	all := make([]compare.Trial, len(trials))
	for i, t := range trials {
		all[i] = compare.Trial{ID: t.ID, Attack: t.Attack, Variant: t.Variant, Row: t.Row, Target: t.Target, Objective: t.Objective, Success: t.Success}
		if t.Result != nil {
			all[i].Outcome = t.Result.Outcome
		}
	}
	return all
}
