package engine

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// configs are the configurations of components, with their secrets resolved.
type configs map[plan.Definition][]byte

// expand resolves the secrets of all components before any is opened, so that
// the redactor knows every secret before anything is recorded.
func expand(p *plan.Plan, lookup secret.Lookup, redactor *secret.Redactor) (configs, error) {
	expanded := configs{}
	var wrong []error
	missing := absences{}
	one := func(kind core.Kind, c plan.Component) {
		d := plan.Definition{Kind: kind, Name: c.Name}
		isAbsent := false
		config, values, err := secret.Expand(c.Config, func(ref secret.Reference) (string, error) {
			value, err := lookup(ref)
			if err != nil {
				isAbsent = true
				missing.add(ref.Raw, err, fmt.Sprintf("%s: %s", d, ref.Path))
			}
			return value, err
		})
		if err != nil && !isAbsent {
			wrong = append(wrong, fmt.Errorf("%s: %w", d, err))
		}
		redactor.Add(values...)
		expanded[d] = config
	}
	for _, t := range p.Targets {
		one(core.KindTarget, t.Component)
	}
	for _, c := range p.Converters {
		one(core.KindConverter, c.Component)
	}
	for _, s := range p.Scorers {
		one(core.KindScorer, s.Component)
	}
	return expanded, errors.Join(append(missing.errors(), wrong...)...)
}

// absences are the secrets that were not found, by reference. A secret that
// several components need is reported once.
type absences map[string]*absence

type absence struct {
	err   error
	needs []string
}

func (a absences) add(ref string, err error, need string) {
	if a[ref] == nil {
		a[ref] = &absence{err: err}
	}
	a[ref].needs = append(a[ref].needs, need)
}

func (a absences) errors() []error {
	var errs []error
	for _, ref := range slices.Sorted(maps.Keys(a)) {
		err := a[ref].err
		errs = append(errs, &core.Error{
			Kind: core.ErrorConfig, Hint: core.HintOf(err),
			Err: fmt.Errorf("%w (%s)", err, strings.Join(a[ref].needs, ", ")),
		})
	}
	return errs
}
