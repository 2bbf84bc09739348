package verdict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The limits of an expression. The cost is in CEL's unit, about one per operation:
// an expression over a hundred scores costs less than a thousand.
const (
	maxLength = 4096 // characters
	maxDepth  = 64
	maxCost   = 10_000
)

// Truth is a truth value of three-valued logic.
type Truth int

// The truth values. The zero value is Unknown, so that a missing verdict is
// never taken for a false one.
const (
	Unknown Truth = iota
	False
	True
)

// String returns "unknown", "false" or "true".
func (t Truth) String() string {
	switch t {
	case True:
		return "true"
	case False:
		return "false"
	default:
		return "unknown"
	}
}

// Error is a mistake in an expression.
type Error struct {
	// Line and Column are the place in the expression. They count from 1, columns
	// in characters.
	Line, Column int
	Message      string
	// Hint suggests a correction. It may be empty.
	Hint string
	// Name is the unknown name if the mistake is one, for callers that can suggest
	// another; "" otherwise.
	Name string
}

// Error returns LINE:COLUMN: MESSAGE.
func (e *Error) Error() string {
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.Message)
}

// Expression is a compiled success expression. It is safe for concurrent use.
type Expression struct {
	source  string
	scores  []string
	types   map[string]core.ScoreType
	program cel.Program
	// typed caches the expression compiled for the actual types of the scores of
	// type ScoreUnknown, by the list of those types.
	typed sync.Map
}

// Compile compiles a CEL expression over scores, given by name with their types: a
// score of type [core.ScoreTrueFalse] is a bool, one of type [core.ScoreScale] a
// double, and one of type [core.ScoreUnknown] may be either when it is evaluated.
// The expression has to be a bool and to use a score. A scale may be compared with
// whole numbers by order, harm >= 1, but equality needs a double, harm == 1.0. A
// mistake in the expression gives an [*Error].
func Compile(expression string, scores map[string]core.ScoreType) (*Expression, error) {
	if strings.TrimSpace(expression) == "" {
		return nil, &Error{Line: 1, Column: 1, Message: "the expression is empty", Hint: "name a scorer"}
	}
	env, err := newEnv(scores)
	if err != nil {
		return nil, err
	}
	compiled, issues := env.Compile(expression)
	if issues.Err() != nil {
		return nil, explain(expression, issues.Errors()[0], scores)
	}
	if err := checkResult(compiled.OutputType()); err != nil {
		return nil, err
	}
	used := namesIn(compiled, scores)
	if len(used) == 0 {
		return nil, &Error{Line: 1, Column: 1, Message: "the expression uses no scorer: it would always say the same", Hint: listed(scores)}
	}
	program, err := env.Program(compiled, cel.EvalOptions(cel.OptPartialEval), cel.CostLimit(maxCost))
	if err != nil {
		return nil, &Error{Line: 1, Column: 1, Message: err.Error()}
	}
	e := &Expression{source: expression, scores: used, types: map[string]core.ScoreType{}, program: program}
	for _, name := range used {
		e.types[name] = scores[name]
	}
	return e, nil
}

func newEnv(scores map[string]core.ScoreType) (*cel.Env, error) {
	options := []cel.EnvOption{
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxLength),
		cel.ParserRecursionLimit(maxDepth),
		// Without macros there are no loops, the only expensive operations.
		cel.ClearMacros(),
	}
	for name, score := range scores {
		if err := CheckName(name); err != nil {
			return nil, &Error{Line: 1, Column: 1, Message: err.Error()}
		}
		options = append(options, cel.Variable(name, typeOf(score)))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, fmt.Errorf("setting up the expression's names: %w", err)
	}
	return env, nil
}

func typeOf(score core.ScoreType) *cel.Type {
	switch score {
	case core.ScoreTrueFalse:
		return cel.BoolType
	case core.ScoreScale:
		return cel.DoubleType
	default:
		return cel.DynType
	}
}

func checkResult(t *cel.Type) error {
	if t.IsExactType(cel.BoolType) || t.IsExactType(cel.DynType) {
		return nil
	}
	e := &Error{Line: 1, Column: 1, Message: fmt.Sprintf("the expression is a %s, not true or false", t)}
	if t.IsExactType(cel.DoubleType) {
		e.Hint = "compare the score, such as harm >= 0.5"
	}
	return e
}

// namesIn lists the scores that an expression uses, in order of appearance.
func namesIn(compiled *cel.Ast, scores map[string]core.ScoreType) []string {
	var used []string
	idents := ast.MatchDescendants(ast.NavigateAST(compiled.NativeRep()), ast.KindMatcher(ast.IdentKind))
	for _, ident := range idents {
		name := ident.AsIdent()
		if _, ok := scores[name]; ok && !slices.Contains(used, name) {
			used = append(used, name)
		}
	}
	return used
}

// String returns the expression as it was written.
func (e *Expression) String() string { return e.source }

// Scores returns the names that the expression uses, each once.
func (e *Expression) Scores() []string { return slices.Clone(e.scores) }

// Eval evaluates the expression. A score that is missing or of type
// [core.ScoreUnknown] is unknown. The verdict is then unknown too, unless the other
// scores decide it: true || unknown is true. An error, returned with Unknown, means
// that the types or values of the scores do not fit the expression.
func (e *Expression) Eval(scores map[string]core.Score) (Truth, error) {
	values := map[string]any{}
	var unknown []*cel.AttributePatternType
	for _, name := range e.scores {
		score, ok := scores[name]
		if !ok || score.Type == core.ScoreUnknown {
			unknown = append(unknown, cel.AttributePattern(name))
			continue
		}
		value, err := e.value(name, score)
		if err != nil {
			return Unknown, err
		}
		values[name] = value
	}
	fit, err := e.fit(scores)
	if err != nil {
		return Unknown, fmt.Errorf("evaluating %q: %w", e.source, err)
	}
	vars, err := cel.PartialVars(values, unknown...)
	if err != nil {
		return Unknown, fmt.Errorf("evaluating %q: %w", e.source, err)
	}
	result, _, err := fit.program.Eval(vars)
	if err != nil {
		return Unknown, fmt.Errorf("evaluating %q: %w", e.source, err)
	}
	switch r := result.(type) {
	case types.Bool:
		if r {
			return True, nil
		}
		return False, nil
	case *types.Unknown:
		return Unknown, nil
	default:
		return Unknown, fmt.Errorf("evaluating %q: the result is a %s, not true or false", e.source, r.Type().TypeName())
	}
}

// fit returns the expression compiled for the actual types of the scores. Without
// it, CEL would compare dynamic values of different types without an error: true == 1
// would be false, and the verdict that the target defended itself.
func (e *Expression) fit(scores map[string]core.Score) (*Expression, error) {
	given := maps.Clone(e.types)
	key := ""
	for _, name := range e.scores {
		if e.types[name] == core.ScoreUnknown {
			given[name] = scores[name].Type
			key += string(given[name]) + ","
		}
	}
	if maps.Equal(given, e.types) {
		return e, nil
	}
	if fit, ok := e.typed.Load(key); ok {
		return fit.(*Expression), nil
	}
	fit, err := Compile(e.source, given)
	if err != nil {
		return nil, err
	}
	e.typed.Store(key, fit)
	return fit, nil
}

// value returns a score as a value of CEL, a bool or a float64.
func (e *Expression) value(name string, score core.Score) (any, error) {
	if want := e.types[name]; want != core.ScoreUnknown && want != score.Type {
		return nil, fmt.Errorf("score %s is of type %s, not %s", name, score.Type, want)
	}
	switch {
	case score.Type == core.ScoreTrueFalse && (score.Value == 0 || score.Value == 1):
		return score.True(), nil
	case score.Type == core.ScoreScale && !math.IsNaN(score.Value) && score.Value >= 0 && score.Value <= 1:
		return score.Value, nil
	default:
		return nil, fmt.Errorf("score %s: %v is not a value of type %s", name, score.Value, score.Type)
	}
}
