package campaign

import "gopkg.in/yaml.v3"

// maxTrials bounds the trials: per variant and row, as the grammar says.
const maxTrials = 100_000

// The values of stop_on: and of resume:, the defaults first.
const (
	stopSuccess, stopNever        = "success", "never"
	resumeRestart, resumeContinue = "restart", "continue"
)

func (r *reader) attacks(v value) []Attack {
	var all []Attack
	r.list(v, func(entry value) { all = append(all, r.attack(entry)) })
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "attacks must not be empty")
	}
	return all
}

func (r *reader) attack(v value) Attack {
	a := Attack{Trials: 1, StopOn: stopSuccess, Resume: resumeRestart, At: v.place()}
	var by kinds
	r.object(v, []field{
		{"name", true, r.slugInto(&a.Name)},
		{"target", true, func(v value) { a.Target, _ = r.name(v) }},
		{"objective", true, func(v value) { a.Objective = r.template(v) }},
		{"system_prompt", false, func(v value) { a.SystemPrompt = r.textOrFile(v) }},
		{"trials", false, r.integerInto(&a.Trials, 1, maxTrials)},
		{"for_each", false, func(v value) { a.ForEach, _ = r.name(v) }},
		{"variants", false, func(v value) { r.list(v, func(entry value) { a.Variants = append(a.Variants, r.variant(entry)) }) }},
		{"history", false, func(v value) { a.History, a.HistoryAt = r.history(v), v.place() }},
		{"tool_results", false, func(v value) { a.ToolResults, a.ToolResultsAt = r.toolResults(v), v.place() }},
		by.field("turns", func(v value) { a.Turns = r.turns(v) }),
		by.field("strategy", func(v value) { a.RedTeam, a.Turns = r.strategy(v) }),
		{"scorers", true, func(v value) {
			r.names(&a.Scorers)(v)
			if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
				r.problem(v.place(), "without a scorer nobody says whether an attack succeeded", "scorers must not be empty")
			}
		}},
		{"success", false, func(v value) {
			a.Success, _ = r.text(v)
			a.SuccessAt, a.successText = v.place(), r.textPlace(v.Node)
		}},
		{"stop_on", false, func(v value) {
			if s, ok := r.choice(v, stopSuccess, stopNever); ok {
				a.StopOn = s
			}
		}},
		{"resume", false, func(v value) {
			if s, ok := r.choice(v, resumeRestart, resumeContinue); ok {
				a.Resume, a.ResumeAt = s, v.place()
			}
		}},
	}, "tags", "weight", "seed")
	if v.Kind == yaml.MappingNode {
		by.check(r, v, len(r.problems), "an attack", "list what is said, or leave it to a strategy")
	}
	if a.RedTeam != nil && a.Resume == resumeContinue {
		r.problem(a.ResumeAt, "leave it out: an adaptive conversation that was cut off begins again", "resume: continue is for attacks whose turns are listed")
	}
	return a
}

func (r *reader) variant(v value) Variant {
	variant := Variant{At: v.place()}
	r.object(v, []field{
		{"name", true, r.slugInto(&variant.Name)},
		{"converters", true, r.names(&variant.Converters)},
	})
	return variant
}
