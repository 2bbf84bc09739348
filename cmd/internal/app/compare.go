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
		sides[i] = compare.Run{ID: r.ID, Campaign: r.Campaign, Source: r.Source, Parameters: parametersOf(r), Selection: r.Selection, Planned: r.Trials, Trials: trialsOf(trials)}
	}
	return compare.New(sides[0], sides[1], alpha), nil
}

// parametersOf returns what the campaign of a run was given from outside of its
// file.
func parametersOf(run store.Run) []compare.Parameter {
	var all []compare.Parameter
	for _, v := range run.Values {
		name := "parameter " + v.Name
		if v.Definition != "" {
			name = v.Name + " of " + v.Definition
		}
		all = append(all, compare.Parameter{Name: name, Value: v.Value})
	}
	return all
}

// trialsOf returns the properties of trials that are compared.
func trialsOf(trials []store.Trial) []compare.Trial {
	all := make([]compare.Trial, len(trials))
	for i, t := range trials {
		all[i] = compare.Trial{ID: t.ID, Attack: t.Attack, Variant: t.Variant, Row: t.Row, Target: t.Target, Objective: t.Objective, Success: t.Success, Attempt: t.Attempt, Held: t.Held}
		if t.Result != nil {
			all[i].Outcome = t.Result.Outcome
		}
	}
	return all
}
