package extract

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

const (
	// mostTime is how long a program may take on one answer.
	mostTime = 10 * time.Second
	// mostOutputs is how many outputs of a program are taken.
	mostOutputs = 10_000
)

// Program is a compiled jq program. It is safe for concurrent use.
type Program struct {
	code *gojq.Code
	// uses are the variables that occur in it.
	uses []string
	// limit is how long it may take on one answer.
	limit time.Duration
}

var jqVariable = regexp.MustCompile(`\$([a-z_]+)`)

// JQ compiles a jq program; nil for "". names are those of its variables, without
// "$". Programs see neither the environment nor files.
func JQ(source string, names []string) (*Program, error) {
	if source == "" {
		return nil, nil
	}
	query, err := gojq.Parse(source)
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "not a jq program: %w", err)
	}
	variables := make([]string, len(names))
	for i, name := range names {
		variables[i] = "$" + name
	}
	code, err := gojq.Compile(query, gojq.WithVariables(variables))
	if err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "variable not defined: $"); ok {
			return nil, template.Unknown("variable", name, names)
		}
		return nil, core.Errorf(core.ErrorConfig, "not a jq program: %w", err)
	}
	p := &Program{code: code, limit: mostTime}
	for _, found := range jqVariable.FindAllStringSubmatch(query.String(), -1) {
		p.uses = append(p.uses, found[1])
	}
	return p, nil
}

// Run calls each for every output, until it returns false. variables are the values of
// the program's, in the order of their names. Where ctx ends, the error is its cause; see
// [IsFailure] for a program that fails. One that halts has no more outputs.
func (p *Program) Run(ctx context.Context, input any, variables []any, each func(any) bool) error {
	limited, cancel := context.WithTimeout(ctx, p.limit)
	defer cancel()
	outputs := p.code.RunWithContext(limited, input, variables...)
	for n := 0; ; n++ {
		output, ok := outputs.Next()
		if !ok {
			return nil
		}
		if err, failed := output.(error); failed {
			if halt, ok := errors.AsType[*gojq.HaltError](err); ok && halt.Value() == nil {
				return nil
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if limited.Err() != nil {
				return core.Errorf(core.ErrorProtocol, "jq needs more than %s for the answer", p.limit)
			}
			return core.Errorf(core.ErrorProtocol, "jq: %w", failure{err})
		}
		if n == mostOutputs {
			return core.Errorf(core.ErrorProtocol, "%w", failure{fmt.Errorf("jq gives more than %d outputs", mostOutputs)})
		}
		if !each(output) {
			return nil
		}
	}
}

// failure is the error of a program that fails on its input.
type failure struct{ error }

// Unwrap returns the error of the program.
func (f failure) Unwrap() error { return f.error }

// IsFailure reports whether a program has failed on its input, such as on one of another
// shape than it expects; and false where it was stopped since its time was over.
func IsFailure(err error) bool {
	_, failed := errors.AsType[failure](err)
	return failed
}

// Uses returns the variables that occur in the program, without "$".
func (p *Program) Uses() []string { return p.uses }

// First returns the first output, and nil where there is none.
func (p *Program) First(ctx context.Context, input any, variables []any) (any, error) {
	var found any
	err := p.Run(ctx, input, variables, func(v any) bool { found = v; return false })
	return found, err
}

// Holds reports whether the first output is neither null nor false.
func (p *Program) Holds(ctx context.Context, input any, variables []any) (bool, error) {
	v, err := p.First(ctx, input, variables)
	return v != nil && v != false, err
}

// Regex compiles a regular expression; nil for "".
func Regex(source string) (*regexp.Regexp, error) {
	if source == "" {
		return nil, nil
	}
	r, err := regexp.Compile(source)
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "not a regular expression: %w", err).WithHint("the syntax is RE2's")
	}
	return r, nil
}

// Matched returns what a match of a regular expression gives: its first group, or all
// that it matches where it has none.
func Matched[T any](match []T) T { return match[min(1, len(match)-1)] }
