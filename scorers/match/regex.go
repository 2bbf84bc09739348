package match

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type regexConfig struct {
	Patterns      []string `json:"patterns" doc:"Regular expressions (RE2) of which one has to match, such as \"blue[ -]?(11|eleven)\"." required:"true" min:"1"`
	CaseSensitive bool     `json:"case_sensitive" doc:"Tell upper from lower case."`
}

// Validate checks that the patterns are regular expressions.
func (c regexConfig) Validate() error {
	_, err := c.compile()
	return err
}

func regexComponent() core.Component {
	return core.NewScorer(
		info("match/regex", "Tells whether a regular expression matches what was said.",
			"True if one of the patterns matches somewhere in one of the values judged. The syntax is RE2's (https://github.com/google/re2/wiki/Syntax), which has no backreferences and no lookaround, and cannot be made to take for ever. Case is ignored unless case_sensitive is set. Where there is no text to judge the score is unknown."),
		regexConfig{},
		func(_ context.Context, c regexConfig) (core.Scorer, error) { return c.compile() })
}

// regex is the scorer match/regex.
type regex []*regexp.Regexp

var _ core.Scorer = regex(nil)

// compile compiles the patterns. The error joins those of all patterns.
func (c regexConfig) compile() (regex, error) {
	if len(c.Patterns) == 0 {
		return nil, core.Errorf(core.ErrorConfig, "there is no pattern").At("patterns")
	}
	var all regex
	var problems []error
	for i, p := range c.Patterns {
		compiled, err := compilePattern(p, c.CaseSensitive)
		if err != nil {
			problems = append(problems, err.At(fmt.Sprintf("patterns[%d]", i)))
		}
		all = append(all, compiled)
	}
	return all, errors.Join(problems...)
}

func compilePattern(p string, caseSensitive bool) (*regexp.Regexp, *core.Error) {
	if p == "" {
		return nil, core.Errorf(core.ErrorConfig, "the pattern is empty")
	}
	if _, err := syntax.Parse(p, syntax.Perl); err != nil {
		return nil, patternError(p, err)
	}
	flags := "(?i)"
	if caseSensitive {
		flags = ""
	}
	compiled, err := regexp.Compile(flags + p)
	if err != nil {
		return nil, patternError(p, err)
	}
	if compiled.MatchString("") {
		return nil, core.Errorf(core.ErrorConfig, "the pattern %q matches even an empty text", p)
	}
	return compiled, nil
}

// patternError returns the error for a pattern that does not compile, with its
// place in the pattern where it is known.
func patternError(pattern string, err error) *core.Error {
	e, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return core.Errorf(core.ErrorConfig, "the pattern %q: %w", pattern, err)
	}
	at := strings.Index(pattern, e.Expr)
	if at < 0 {
		return core.Errorf(core.ErrorConfig, "the pattern %q: %s", pattern, e.Code)
	}
	return core.Errorf(core.ErrorConfig, "the pattern %q: %s at character %d: %q", pattern, e.Code, at+1, e.Expr)
}

// Score implements [core.Scorer].
func (r regex) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	given, reason := texts(e)
	if reason != "" {
		return core.UnknownScore(reason), nil
	}
	for _, pattern := range r {
		for _, text := range given {
			if m := pattern.FindStringIndex(text); m != nil {
				return core.BoolScore(true, fmt.Sprintf("%s matches %q in %q", pattern, text[m[0]:m[1]], excerpt(text, m[0], m[1]))), nil
			}
		}
	}
	return core.BoolScore(false, fmt.Sprintf("none of %d patterns matches", len(r))), nil
}
