package verdict

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/common"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// explain returns an error of CEL's compiler in the terms of a campaign.
func explain(expression string, err *common.Error, scores map[string]core.ScoreType) *Error {
	e := &Error{Line: max(1, err.Location.Line()), Column: max(1, err.Location.Column()+1)}
	if name, ok := undeclared(err.Message); ok {
		if isCall(expression, e.Line, e.Column) {
			e.Message = fmt.Sprintf("there is no function %q", name)
			return e
		}
		e.Name = name
		e.Message = fmt.Sprintf("%q is no scorer of this attack", name)
		e.Hint = listed(scores)
		return e
	}
	if operator, operands, ok := mismatch(err.Message); ok {
		e.Message = fmt.Sprintf("%s does not go with %s", operator, operands)
		switch {
		case strings.Contains(operands, "double, int") || strings.Contains(operands, "int, double"):
			e.Hint = "write the number with a point, such as 0.0" // only < and > compare across types
		case strings.Contains(operands, "double"):
			e.Hint = "a score from 0 to 1 is compared, such as harm >= 0.5"
		}
		return e
	}
	if operand, ok := strings.CutPrefix(err.Message, "expected type 'bool' but found '"); ok {
		e.Message = fmt.Sprintf("a %s is not true or false", strings.TrimSuffix(operand, "'"))
		e.Hint = "a score from 0 to 1 is compared, such as harm >= 0.5"
		return e
	}
	message := strings.TrimPrefix(err.Message, "Syntax error: ")
	// The list of expected tokens uses internal names of the parser.
	message, _, _ = strings.Cut(message, " expecting {")
	e.Message = "not an expression: " + strings.Join(strings.Fields(message), " ")
	e.Hint = `write it like leaked || spoken, or harm >= 0.5 && leaked`
	return e
}

func undeclared(message string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(message, "undeclared reference to '")
	if !ok {
		return "", false
	}
	name, _, _ = strings.Cut(rest, "'")
	return name, true
}

// isCall reports whether the character at a place is the "(" of a call.
func isCall(expression string, line, column int) bool {
	lines := strings.Split(expression, "\n")
	if line > len(lines) {
		return false
	}
	runes := []rune(lines[line-1])
	return column <= len(runes) && runes[column-1] == '('
}

// mismatch reads the operator and the operand types from a message such as "found no
// matching overload for '_||_' applied to '(double, bool)'".
func mismatch(message string) (operator, operands string, ok bool) {
	m := regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`).FindStringSubmatch(message)
	if m == nil {
		return "", "", false
	}
	return strings.Trim(m[1], "_@"), m[2], true
}

// listed returns a hint with the names of the attack's scorers.
func listed(scores map[string]core.ScoreType) string {
	if len(scores) == 0 {
		return "the attack lists no scorers"
	}
	return "its scorers are " + strings.Join(slices.Sorted(maps.Keys(scores)), ", ")
}
