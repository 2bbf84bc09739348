package match

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

type substringConfig struct {
	Any           []string `json:"any" doc:"Texts of which one has to appear."`
	All           []string `json:"all" doc:"Texts that all have to appear."`
	CaseSensitive bool     `json:"case_sensitive" doc:"Tell upper from lower case."`
	Normalize     bool     `json:"normalize" doc:"Pass over punctuation and symbols: \"blue eleven\" is found in \"Blue, eleven!\"."`
}

func (c substringConfig) search() text.Search {
	return text.Search{CaseSensitive: c.CaseSensitive, Marks: c.Normalize}
}

// Validate checks that there is a text to look for, and that none is empty.
func (c substringConfig) Validate() error {
	if len(c.Any) == 0 && len(c.All) == 0 {
		return core.Errorf(core.ErrorConfig, "there is nothing to look for").WithHint("give any, all or both")
	}
	return errors.Join(checkEach(c.search(), "any", c.Any), checkEach(c.search(), "all", c.All))
}

// checkEach refuses texts that are blank after folding, and so found everywhere.
func checkEach(how text.Search, key string, list []string) error {
	var problems []error
	for i, s := range list {
		if how.Phrase(s).Blank() {
			problems = append(problems, core.Errorf(core.ErrorConfig, "%q would be found in every text", s).At(fmt.Sprintf("%s[%d]", key, i)))
		}
	}
	return errors.Join(problems...)
}

func substringComponent() core.Component {
	return core.NewScorer(
		info("match/substring", "Tells whether given texts were said.",
			"True if one of the texts under any appears, and every text under all (each in one of the values judged, if there are several). Texts are compared as people read them: upper and lower case are the same unless case_sensitive is set; so are compatible Unicode forms, such as full-width letters, and all kinds of space, dash, quotation mark and apostrophe; characters that show nothing, and white space at the ends of what is looked for, do not count; the amount of white space does not either. A text that is found without the marks of Markdown or HTML, or by look-alike characters, is found, and the rationale says so; where look-alikes may be another word the score is unknown. Speech is written down without punctuation: set normalize for transcripts. Where there is no text to judge the score is unknown."),
		substringConfig{},
		func(_ context.Context, c substringConfig) (core.Scorer, error) {
			return newSubstring(c), nil
		})
}

// substring is the scorer match/substring.
type substring struct{ any, all []text.Phrase }

var _ core.Scorer = substring{}

func newSubstring(c substringConfig) substring {
	phrases := func(list []string) []text.Phrase {
		var all []text.Phrase
		for _, s := range list {
			all = append(all, c.search().Phrase(s))
		}
		return all
	}
	return substring{any: phrases(c.Any), all: phrases(c.All)}
}

// Score implements [core.Scorer].
func (s substring) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	given, reason := texts(e)
	if reason != "" {
		return core.UnknownScore(reason), nil
	}
	j := newJudged(given)
	var found, doubts []string
	for _, p := range s.all {
		switch where := j.find([]text.Phrase{p}); {
		case where.words == "":
			return core.BoolScore(false, fmt.Sprintf("%q was not found", p.Given)), nil
		case where.isDoubtful:
			doubts = append(doubts, where.words)
		default:
			found = append(found, where.words)
		}
	}
	if len(s.any) > 0 {
		switch where := j.find(s.any); {
		case where.words == "":
			return core.BoolScore(false, fmt.Sprintf("none of %s was found", quoted(s.any))), nil
		case where.isDoubtful:
			doubts = append(doubts, where.words)
		default:
			found = append(found, where.words)
		}
	}
	if len(doubts) > 0 {
		return core.UnknownScore(strings.Join(doubts, "; ")), nil
	}
	return core.BoolScore(true, strings.Join(found, "; ")), nil
}

func quoted(phrases []text.Phrase) string {
	var all []string
	for _, p := range phrases {
		all = append(all, fmt.Sprintf("%q", p.Given))
	}
	return strings.Join(all, ", ")
}
