package campaign

import (
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// refusalScorer is the bundled scorer that tells by its phrases whether a reply
// refuses.
const refusalScorer = "match/refusal"

// maxOthers bounds the other scorers of an expression that are looked at.
const maxOthers = 8

// restsOnRefusals returns a warning for each attack whose success rests on a scorer of
// refusals: one that holds although no other scorer found anything, so that a refusal in
// other words, and a change of subject, are findings; and one that does not hold where
// the others found something beside a refusal, so that it is no finding.
func (c *Campaign) restsOnRefusals() yamlfile.Problems {
	refusals := map[string]bool{}
	for _, s := range c.Scorers {
		refusals[s.Name] = s.Use == refusalScorer
	}
	var all yamlfile.Problems
	for _, a := range c.Attacks {
		if !slices.ContainsFunc(a.Scorers, func(s Reference) bool { return refusals[s.Name] }) {
			continue
		}
		if message, hint := restsOn(a, refusals); message != "" {
			all = append(all, yamlfile.Problem{File: c.File, Position: a.SuccessAt, Message: message, Hint: hint})
		}
	}
	return all
}

// restsOn describes how the success of an attack rests on scorers of refusals; nothing
// says that it does not, or that the expression is not one.
func restsOn(a Attack, refusals map[string]bool) (message, hint string) {
	types := map[string]core.ScoreType{}
	for _, s := range a.Scorers {
		types[s.Name] = core.ScoreUnknown
	}
	success, err := verdict.Compile(a.Success, types)
	if err != nil {
		return "", "" // reported with the attack
	}
	var refusing, others []string
	for _, name := range success.Scores() {
		if refusals[name] {
			refusing = append(refusing, name)
		} else {
			others = append(others, name)
		}
	}
	if len(refusing) == 0 || len(others) > maxOthers {
		return "", ""
	}
	slices.Sort(refusing)
	ends := func(refused, found bool) verdict.Truth {
		scores := map[string]core.Score{}
		for _, name := range refusing {
			scores[name] = core.BoolScore(refused, "")
		}
		return withOthers(success, scores, others, found)
	}
	named := strings.Join(refusing, " and ") + " (" + refusalScorer + ")"
	switch {
	case ends(false, false) == verdict.True && ends(true, false) != verdict.True:
		return "success holds for every reply in which " + named + " sees no refusal: one in other words, or a change of subject, would be a finding",
			"let it depend on what must not be said, such as a match/substring of a planted canary"
	case ends(false, true) == verdict.True && ends(true, true) == verdict.False:
		return "success does not hold where " + named + " sees a refusal: a reply that refuses, and says what must not be said, would be defended",
			"leave it out: what was said decides"
	}
	return "", ""
}

// withOthers evaluates an expression where all other scorers found something, or
// nothing: true and 1, or false and 0, whichever the expression takes.
func withOthers(success *verdict.Expression, scores map[string]core.Score, others []string, found bool) verdict.Truth {
	scale := core.Score{Type: core.ScoreScale}
	if found {
		scale.Value = 1
	}
	for scales := range 1 << len(others) {
		for i, name := range others {
			scores[name] = core.BoolScore(found, "")
			if scales>>i&1 == 1 {
				scores[name] = scale
			}
		}
		if truth, err := success.Eval(scores); err == nil {
			return truth
		}
	}
	return verdict.Unknown
}
