package campaign

import (
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// maxTrials is the largest trials: value, per target, variant and row.
const maxTrials = 100_000

// The values of stop_on: and of resume:, the defaults first.
const (
	stopSuccess, stopNever        = "success", "never"
	resumeRestart, resumeContinue = "restart", "continue"
)

func readAttacks(v value, in *folder) []Attack {
	var all []Attack
	v.List(func(entry value) { all = append(all, readAttack(entry, in)) })
	if v.IsList() && v.Len() == 0 {
		v.Problem("", "attacks must not be empty")
	}
	return all
}

func readAttack(v value, in *folder) Attack {
	a := Attack{Trials: 1, StopOn: stopSuccess, Resume: resumeRestart, At: v.At()}
	var by yamlfile.OneOf
	v.Object(
		yamlfile.Required("name", slugInto(&a.Name)),
		yamlfile.Required("target", func(v value) { a.Targets = readTargetNames(v) }),
		yamlfile.Required("objective", func(v value) { a.Objective = readTemplate(v) }),
		yamlfile.Optional("system_prompt", func(v value) { a.SystemPrompt = in.textOrFile(v) }),
		yamlfile.Optional("trials", yamlfile.IntegerInto(&a.Trials, 1, maxTrials)),
		yamlfile.Optional("for_each", func(v value) { a.ForEach, _ = readReference(v) }),
		yamlfile.Optional("variants", func(v value) { v.List(func(entry value) { a.Variants = append(a.Variants, readVariant(entry)) }) }),
		yamlfile.Optional("history", func(v value) { a.History, a.HistoryAt = readHistory(v), v.At() }),
		yamlfile.Optional("tool_results", func(v value) { a.ToolResults, a.ToolResultsAt = readToolResults(v, in), v.At() }),
		yamlfile.Optional(beforeTrial, requestsInto(&a.BeforeTrial, beforeTrial)),
		yamlfile.Optional(afterTrial, requestsInto(&a.AfterTrial, afterTrial)),
		by.Key("turns", func(v value) { a.Turns = readTurns(v, in) }),
		by.Key("strategy", func(v value) { a.RedTeam, a.Turns = readStrategy(v, in) }),
		yamlfile.Required("scorers", func(v value) {
			referencesInto(&a.Scorers)(v)
			if v.IsList() && v.Len() == 0 {
				v.Problem("without a scorer there is no verdict", "scorers must not be empty")
			}
		}),
		yamlfile.Optional("success", func(v value) {
			a.Success, _ = v.Text()
			a.SuccessAt, a.successText = v.At(), v.TextPlace()
		}),
		yamlfile.Optional("stop_on", func(v value) {
			if s, ok := v.Choice(stopSuccess, stopNever); ok {
				a.StopOn = s
			}
		}),
		yamlfile.Optional("resume", func(v value) {
			if s, ok := v.Choice(resumeRestart, resumeContinue); ok {
				a.Resume, a.ResumeAt = s, v.At()
			}
		}),
		yamlfile.Unsupported("tags"),
		yamlfile.Unsupported("weight"),
		yamlfile.Unsupported("seed"),
	)
	if v.IsMapping() {
		by.Check(v, v.File().Count(), "an attack", "list what is said, or leave it to a strategy")
	}
	if a.RedTeam != nil && a.Resume == resumeContinue {
		v.File().Problem(a.ResumeAt, "leave it out: an adaptive conversation that was cut off begins again", "resume: continue is for attacks whose turns are listed")
	}
	return a
}

// readTargetNames reads the name of a target, or a list of them.
func readTargetNames(v value) []Reference {
	var all []Reference
	if v.IsMapping() {
		v.Problem("such as agent, or [agent, other]", "%s must be the name of a target or a list of them, not %s", v.Label(), v.Describe())
		return nil
	}
	if !v.IsList() {
		if n, ok := readReference(v); ok {
			all = append(all, n)
		}
		return all
	}
	referencesInto(&all)(v)
	if v.Len() == 0 {
		v.Problem("", "%s must not be empty", v.Label())
	}
	return all
}

func readVariant(v value) Variant {
	variant := Variant{At: v.At()}
	v.Object(
		yamlfile.Required("name", slugInto(&variant.Name)),
		yamlfile.Required("converters", referencesInto(&variant.Converters)),
	)
	return variant
}
