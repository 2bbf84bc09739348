package match

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// judged are the texts that a scorer judges, each folded once for all that is looked
// for.
type judged struct {
	given []string
	texts []*text.Text
	// after is a byte of the texts: what is found has to end after it.
	after int
}

// maxEarlier is how much of the earlier replies is looked at, in bytes, from their end.
const maxEarlier = 16 << 10

// acrossReplies returns the texts joined behind what the target said in its earlier
// replies: what is found has to reach into the texts. ok is false where there is no
// earlier reply.
func (j judged) acrossReplies(conversation []core.Message) (joined judged, ok bool) {
	var earlier []string
	for _, m := range conversation[:max(len(conversation)-1, 0)] {
		if said := m.Text(); m.Role == core.Assistant && text.Visible(said) {
			earlier = append(earlier, said)
		}
	}
	before := strings.Join(earlier, "\n")
	before = strings.ToValidUTF8(before[max(len(before)-maxEarlier, 0):], "")
	if before == "" {
		return judged{}, false
	}
	joined = newJudged([]string{before + "\n" + strings.Join(j.given, "\n")})
	joined.after = len(before) + 1
	return joined, true
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
			if !ok || m.End <= j.after {
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
	if m.Start < j.after {
		wanted += ", over several replies,"
	}
	switch {
	case m.Doubt != "":
		return found{fmt.Sprintf("%s may have been said (%s: %s): %q", wanted, m.Rule, m.Doubt, shown), true}
	case m.Rule != text.Folded:
		return found{fmt.Sprintf("%s was found (%s) in %q", wanted, m.Rule, shown), false}
	}
	return found{fmt.Sprintf("%s was found in %q", wanted, shown), false}
}
