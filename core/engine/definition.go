package engine

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// converterNamed returns a converter's definition. The plan defines every
// converter that it names.
func converterNamed(name string, all []plan.Converter) plan.Converter {
	if i := slices.IndexFunc(all, func(c plan.Converter) bool { return c.Name == name }); i >= 0 {
		return all[i]
	}
	return plan.Converter{Component: plan.Component{Name: name}}
}

// scorerNamed returns a scorer's definition. The plan defines every scorer that
// it names.
func scorerNamed(name string, all []plan.Scorer) plan.Scorer {
	if i := slices.IndexFunc(all, func(s plan.Scorer) bool { return s.Name == name }); i >= 0 {
		return all[i]
	}
	return plan.Scorer{Component: plan.Component{Name: name}}
}

// judgedModality is the modality that a scorer judges; the default is text.
func judgedModality(s plan.Scorer) core.Modality {
	if s.On == "" {
		return core.Text
	}
	return s.On
}
