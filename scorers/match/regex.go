package match

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
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

// Warnings are about patterns that name a character which folding changes: there they
// match the raw text only.
func (c regexConfig) Warnings() error {
	var all []error
	for i, p := range c.Patterns {
		for _, changed := range text.ChangedIn(trimmed(p)) {
			all = append(all, core.Errorf(core.ErrorConfig, "%s in the pattern %q matches only a reply that has it in this form: in the folded text it is %s", shownRunes(changed.Given), p, shownRunes(changed.Folded)).
				At(fmt.Sprintf("patterns[%d]", i)).WithHint("write the pattern as the folded text is"))
		}
	}
	return errors.Join(all...)
}

// shownRunes returns a text quoted, with its code points.
func shownRunes(s string) string {
	if s == "" {
		return "nothing"
	}
	var codes []string
	for _, r := range s {
		codes = append(codes, fmt.Sprintf("%U", r))
	}
	return fmt.Sprintf("%q (%s)", s, strings.Join(codes, " "))
}

func regexComponent() core.Component {
	return core.NewScorer(
		info("match/regex", "Tells whether a regular expression matches what was said.",
			"True if one of the patterns matches somewhere in one of the values judged: in the text as it is, or as people read it, with one kind of space, dash, quotation mark and apostrophe, without characters that show nothing and without the marks of Markdown and HTML, and with look-alike characters as those of ASCII; the rationale says so, and where look-alikes may be another word the score is unknown. Line ends stay what they are; white space at the ends of a pattern is no part of it. The syntax is RE2's (https://github.com/google/re2/wiki/Syntax), which has no backreferences and no lookaround, and cannot be made to take for ever. Case is ignored unless case_sensitive is set. Where there is no text to judge the score is unknown."),
		regexConfig{},
		func(_ context.Context, c regexConfig) (core.Scorer, error) { return c.compile() })
}

// regex is the scorer match/regex.
type regex []text.Pattern

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
		all = append(all, text.NewPattern(compiled))
	}
	return all, errors.Join(problems...)
}

// trimmed returns a pattern without the white space at its ends. A space after a
// backslash is meant.
func trimmed(p string) string {
	given := text.Trim(p)
	if escapes := len(given) - len(strings.TrimRight(given, `\`)); escapes%2 == 1 {
		end := strings.Index(p, given) + len(given)
		if _, size := utf8.DecodeRuneInString(p[end:]); size > 0 {
			return p[end-len(given) : end+size]
		}
	}
	return given
}

func compilePattern(p string, caseSensitive bool) (*regexp.Regexp, *core.Error) {
	if p = trimmed(p); p == "" {
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
	j := newJudged(given)
	var doubt found
	for _, pattern := range r {
		for i, t := range j.texts {
			m, ok := pattern.In(t)
			if !ok {
				continue
			}
			where := j.describeMatch(pattern, i, m)
			if !where.isDoubtful {
				return core.BoolScore(true, where.words), nil
			}
			if doubt.words == "" {
				doubt = where
			}
		}
	}
	if doubt.words != "" {
		return core.UnknownScore(doubt.words), nil
	}
	return core.BoolScore(false, fmt.Sprintf("none of %d patterns matches", len(r))), nil
}

// describeMatch describes a match of a pattern in a text.
func (j judged) describeMatch(p text.Pattern, i int, m text.Match) found {
	matched, shown := j.given[i][m.Start:m.End], excerpt(j.given[i], m.Start, m.End)
	switch {
	case m.Doubt != "":
		return found{fmt.Sprintf("%s may match %q (%s: %s): %q", p, matched, m.Rule, m.Doubt, shown), true}
	case m.Rule != text.Folded:
		return found{fmt.Sprintf("%s matches %q (%s) in %q", p, matched, m.Rule, shown), false}
	}
	return found{fmt.Sprintf("%s matches %q in %q", p, matched, shown), false}
}
