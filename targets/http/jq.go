package httptarget

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// jqTime is how long a jq program may take on one answer.
	jqTime = 10 * time.Second
	// jqOutputs is how many outputs of a program are taken.
	jqOutputs = 10_000
)

// jqVariables are the variables of jq programs, without their "$".
func jqVariables() []string {
	return []string{
		"prompt", "system_prompt", "messages", "history", "tool_results", "conversation", "turn", "seed", "taken",
		"status", "headers", "event",
	}
}

// program is a compiled jq program. It is safe for concurrent use.
type program struct {
	code *gojq.Code
	// uses are the variables that occur in it.
	uses []string
}

var jqVariable = regexp.MustCompile(`\$([a-z_]+)`)

// compileJQ compiles a jq program; nil for "". Programs see neither the
// environment nor files.
func compileJQ(source string) (*program, error) {
	if source == "" {
		return nil, nil
	}
	query, err := gojq.Parse(source)
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "not a jq program: %w", err)
	}
	names := jqVariables()
	variables := make([]string, len(names))
	for i, name := range names {
		variables[i] = "$" + name
	}
	code, err := gojq.Compile(query, gojq.WithVariables(variables))
	if err != nil {
		if name, ok := strings.CutPrefix(err.Error(), "variable not defined: $"); ok {
			return nil, unknown("variable", name, names)
		}
		return nil, core.Errorf(core.ErrorConfig, "not a jq program: %w", err)
	}
	p := &program{code: code}
	for _, found := range jqVariable.FindAllStringSubmatch(query.String(), -1) {
		p.uses = append(p.uses, found[1])
	}
	return p, nil
}

// run calls each for every output, until it returns false.
func (p *program) run(ctx context.Context, input any, variables []any, each func(any) bool) error {
	limited, cancel := context.WithTimeout(ctx, jqTime)
	defer cancel()
	outputs := p.code.RunWithContext(limited, input, variables...)
	for range jqOutputs {
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
				return core.Errorf(core.ErrorProtocol, "jq needs more than %s for the answer", jqTime)
			}
			return core.Errorf(core.ErrorProtocol, "jq: %w", err)
		}
		if !each(output) {
			return nil
		}
	}
	return core.Errorf(core.ErrorProtocol, "jq gives more than %d outputs", jqOutputs)
}

// first returns the first output, and nil where there is none.
func (p *program) first(ctx context.Context, input any, variables []any) (any, error) {
	var found any
	err := p.run(ctx, input, variables, func(v any) bool { found = v; return false })
	return found, err
}

// holds reports whether the first output is neither null nor false.
func (p *program) holds(ctx context.Context, input any, variables []any) (bool, error) {
	v, err := p.first(ctx, input, variables)
	return v != nil && v != false, err
}

// decodeJSON decodes one JSON value, with numbers as they are written.
func decodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}
