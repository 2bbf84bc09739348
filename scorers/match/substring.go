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
	Spoken        string   `json:"spoken" doc:"Whether to find what is said or spelled in another way, in English: \"blue eleven\" in \"blue 11\", \"b l u e one one\" and \"blew eleven\". auto: in transcripts of sound, and for what is said over several replies; never: nowhere, and each reply alone." enum:"auto,always,never"`
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
			"True if one of the texts under any appears, and every text under all (each in one of the values judged, if there are several). Texts are compared as people read them: upper and lower case are the same unless case_sensitive is set; so are compatible Unicode forms, such as full-width letters, and all kinds of space, dash, quotation mark and apostrophe; characters that show nothing, and white space at the ends of what is looked for, do not count; the amount of white space does not either. A text that is found without the marks of Markdown or HTML, by look-alike characters, with digits for letters, or with other spaces and marks between its letters, is found, and the rationale says so; where that may be something else the score is unknown. In transcripts of sound a text is also found by its numbers in words or digits, spelled, or by words that sound alike, in English, and the rationale says so; where that goes across the end of a sentence, or may mean something else, the score is unknown. A text that is said over several replies is found in the same way. Where there is no text to judge the score is unknown."),
		substringConfig{Spoken: spokenAuto},
		func(_ context.Context, c substringConfig) (core.Scorer, error) {
			return newSubstring(c), nil
		})
}

// substring is the scorer match/substring.
type substring struct {
	written, said wanted
	// alone is whether a reply is judged without the earlier ones.
	alone bool
}

// wanted is what is looked for in what was written, or in what was said.
type wanted struct{ any, all []text.Phrase }

var _ core.Scorer = substring{}

// When the rules of speech hold.
const (
	spokenAuto   = "auto"
	spokenAlways = "always"
	spokenNever  = "never"
)

func newSubstring(c substringConfig) substring {
	phrases := func(how text.Search, list []string) []text.Phrase {
		var all []text.Phrase
		for _, s := range list {
			all = append(all, how.Phrase(s))
		}
		return all
	}
	search := func(spoken bool) wanted {
		how := c.search()
		how.Spoken = spoken
		return wanted{any: phrases(how, c.Any), all: phrases(how, c.All)}
	}
	return substring{written: search(c.Spoken == spokenAlways), said: search(c.Spoken != spokenNever), alone: c.Spoken == spokenNever}
}

// Score implements [core.Scorer].
func (s substring) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	given, reason := texts(e)
	if reason != "" {
		return core.UnknownScore(reason), nil
	}
	j := newJudged(given)
	score := s.written.in(j)
	if isSpeech(e) {
		score = s.said.in(j)
	}
	if s.alone || score.Type != core.ScoreTrueFalse || score.True() {
		return score, nil
	}
	if joined, ok := j.acrossReplies(e.Conversation); ok {
		if across := s.said.in(joined); across.Type == core.ScoreUnknown || across.True() {
			return across, nil
		}
	}
	return score, nil
}

// in judges texts.
func (s wanted) in(j judged) core.Score {
	var found, doubts []string
	for _, p := range s.all {
		switch where := j.find([]text.Phrase{p}); {
		case where.words == "":
			return core.BoolScore(false, fmt.Sprintf("%q was not found", p.Given))
		case where.isDoubtful:
			doubts = append(doubts, where.words)
		default:
			found = append(found, where.words)
		}
	}
	if len(s.any) > 0 {
		switch where := j.find(s.any); {
		case where.words == "":
			return core.BoolScore(false, fmt.Sprintf("none of %s was found", quoted(s.any)))
		case where.isDoubtful:
			doubts = append(doubts, where.words)
		default:
			found = append(found, where.words)
		}
	}
	if len(doubts) > 0 {
		return core.UnknownScore(strings.Join(doubts, "; "))
	}
	return core.BoolScore(true, strings.Join(found, "; "))
}

func quoted(phrases []text.Phrase) string {
	var all []string
	for _, p := range phrases {
		all = append(all, fmt.Sprintf("%q", p.Given))
	}
	return strings.Join(all, ", ")
}
