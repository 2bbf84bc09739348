package match

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type substringConfig struct {
	Any           []string `json:"any" doc:"Texts of which one has to appear."`
	All           []string `json:"all" doc:"Texts that all have to appear."`
	CaseSensitive bool     `json:"case_sensitive" doc:"Tell upper from lower case."`
	Normalize     bool     `json:"normalize" doc:"Pass over punctuation, symbols and the amount of space: \"blue eleven\" is found in \"Blue, eleven!\"."`
}

func (c substringConfig) folding() folding {
	return folding{letterCase: !c.CaseSensitive, marks: c.Normalize}
}

// Validate checks that there is a text to look for, and that none is empty.
func (c substringConfig) Validate() error {
	if len(c.Any) == 0 && len(c.All) == 0 {
		return core.Errorf(core.ErrorConfig, "there is nothing to look for").WithHint("give any, all or both")
	}
	return errors.Join(checkEach(c.folding(), "any", c.Any), checkEach(c.folding(), "all", c.All))
}

// checkEach refuses texts that are blank after folding, and so found everywhere.
func checkEach(f folding, key string, list []string) error {
	var problems []error
	for i, s := range list {
		if strings.TrimSpace(f.fold(s)) == "" {
			problems = append(problems, core.Errorf(core.ErrorConfig, "%q would be found in every text", s).At(fmt.Sprintf("%s[%d]", key, i)))
		}
	}
	return errors.Join(problems...)
}

func substringComponent() core.Component {
	return core.NewScorer(
		info("match/substring", "Tells whether given texts were said.",
			"True if one of the texts under any appears, and every text under all (each in one of the values judged, if there are several). Upper and lower case are the same unless case_sensitive is set; so are compatible Unicode forms, such as full-width letters. Speech is written down without punctuation: set normalize for transcripts. Where there is no text to judge the score is unknown."),
		substringConfig{},
		func(_ context.Context, c substringConfig) (core.Scorer, error) {
			return newSubstring(c), nil
		})
}

// substring is the scorer match/substring.
type substring struct {
	folding  folding
	any, all []needle
}

// needle is a text to look for, as configured and folded.
type needle struct{ given, folded string }

var _ core.Scorer = substring{}

func newSubstring(c substringConfig) substring {
	f := c.folding()
	needles := func(list []string) []needle {
		var all []needle
		for _, s := range list {
			all = append(all, needle{s, f.fold(s)})
		}
		return all
	}
	return substring{folding: f, any: needles(c.Any), all: needles(c.All)}
}

// Score implements [core.Scorer].
func (s substring) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	given, reason := texts(e)
	if reason != "" {
		return core.UnknownScore(reason), nil
	}
	haystacks := make([]string, len(given))
	for i, text := range given {
		haystacks[i] = s.folding.fold(text)
	}
	var found []string
	for _, n := range s.all {
		where := n.in(s.folding, given, haystacks)
		if where == "" {
			return core.BoolScore(false, fmt.Sprintf("%q was not found", n.given)), nil
		}
		found = append(found, where)
	}
	if len(s.any) > 0 {
		where := firstOf(s.any, s.folding, given, haystacks)
		if where == "" {
			return core.BoolScore(false, fmt.Sprintf("none of %s was found", quoted(s.any))), nil
		}
		found = append(found, where)
	}
	return core.BoolScore(true, strings.Join(found, "; ")), nil
}

// firstOf describes where the first needle that appears was found, or returns "".
func firstOf(needles []needle, f folding, given, haystacks []string) string {
	for _, n := range needles {
		if where := n.in(f, given, haystacks); where != "" {
			return where
		}
	}
	return ""
}

// in describes where the needle was found, or returns "". The haystacks are the given
// texts, folded.
func (n needle) in(f folding, given, haystacks []string) string {
	for i, h := range haystacks {
		if at := strings.Index(h, n.folded); at >= 0 {
			from, to := f.span(given[i], at, at+len(n.folded))
			return fmt.Sprintf("%q was found in %q", n.given, excerpt(given[i], from, to))
		}
	}
	return ""
}

func quoted(needles []needle) string {
	var all []string
	for _, n := range needles {
		all = append(all, fmt.Sprintf("%q", n.given))
	}
	return strings.Join(all, ", ")
}
