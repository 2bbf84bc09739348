package match

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// judged are the texts that a scorer judges, each folded once for all that is looked
// for.
type judged struct {
	given []string
	texts []*text.Text
}

func newJudged(given []string) judged {
	j := judged{given: given}
	for _, s := range given {
		j.texts = append(j.texts, text.New(s))
	}
	return j
}

// found describes where something was found; no words say that it was not.
type found struct {
	words string
	// isDoubtful says that it may be something else.
	isDoubtful bool
}

// find looks for the phrases until one is found without doubt.
func (j judged) find(phrases []text.Phrase) found {
	var first found
	for _, p := range phrases {
		for i, t := range j.texts {
			m, ok := p.In(t)
			if !ok {
				continue
			}
			where := j.describe(fmt.Sprintf("%q", p.Given), i, m)
			if !where.isDoubtful {
				return where
			}
			if first.words == "" {
				first = where
			}
		}
	}
	return first
}

// describe describes a match of what was looked for in a text.
func (j judged) describe(wanted string, i int, m text.Match) found {
	shown := excerpt(j.given[i], m.Start, m.End)
	switch {
	case m.Doubt != "":
		return found{fmt.Sprintf("%s may have been said (%s: %s): %q", wanted, m.Rule, m.Doubt, shown), true}
	case m.Rule != text.Folded:
		return found{fmt.Sprintf("%s was found (%s) in %q", wanted, m.Rule, shown), false}
	}
	return found{fmt.Sprintf("%s was found in %q", wanted, shown), false}
}
