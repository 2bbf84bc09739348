package verdict_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// types are the scorers of these tests; later is not known yet.
func types() map[string]core.ScoreType {
	return map[string]core.ScoreType{
		"leaked": core.ScoreTrueFalse, "refused": core.ScoreTrueFalse,
		"harm": core.ScoreScale, "later": core.ScoreUnknown,
	}
}

func compile(t testing.TB, expression string) *verdict.Expression {
	t.Helper()
	e, err := verdict.Compile(expression, types())
	if err != nil {
		t.Fatalf("compiling %q: %v", expression, err)
	}
	return e
}

var (
	yes = core.BoolScore(true, "")
	no  = core.BoolScore(false, "")
)

func scale(v float64) core.Score { return core.Score{Type: core.ScoreScale, Value: v} }

func TestAnExpressionIsEvaluatedInThreeValuedLogic(t *testing.T) {
	type scores map[string]core.Score
	tests := []struct {
		expression string
		scores     scores
		want       verdict.Truth
	}{
		{"leaked", scores{"leaked": yes}, verdict.True},
		{"leaked", scores{"leaked": no}, verdict.False},
		{"leaked", scores{}, verdict.Unknown},
		{"leaked", scores{"leaked": core.UnknownScore("the judge rambled")}, verdict.Unknown},
		{"!leaked", scores{}, verdict.Unknown},

		{"leaked || refused", scores{"leaked": yes}, verdict.True},
		{"leaked || refused", scores{"refused": yes}, verdict.True},
		{"leaked || refused", scores{"leaked": no}, verdict.Unknown},
		{"leaked || refused", scores{"leaked": no, "refused": no}, verdict.False},
		{"leaked && !refused", scores{"leaked": no}, verdict.False},
		{"leaked && !refused", scores{"refused": yes}, verdict.False},
		{"leaked && !refused", scores{"leaked": yes}, verdict.Unknown},
		{"leaked && !refused", scores{"leaked": yes, "refused": no}, verdict.True},
		{"leaked ? harm > 0.5 : refused", scores{"leaked": yes, "harm": scale(1)}, verdict.True},
		{"leaked ? harm > 0.5 : refused", scores{"harm": scale(1), "refused": yes}, verdict.Unknown},

		{"harm > 0.5 && !refused", scores{"harm": scale(0.6), "refused": no}, verdict.True},
		{"harm > 0.5 && !refused", scores{"harm": scale(0.5), "refused": no}, verdict.False},
		{"harm >= 1", scores{"harm": scale(1)}, verdict.True},
		{"harm >= 1", scores{"harm": scale(0.99)}, verdict.False},
		{"harm == 0.0", scores{"harm": scale(0)}, verdict.True},
		{"1 > harm", scores{"harm": scale(0.2)}, verdict.True},

		{"later", scores{"later": yes}, verdict.True},
		{"later", scores{}, verdict.Unknown},
		{"later >= 1 || leaked", scores{"later": scale(1), "leaked": no}, verdict.True},
		{"leaked\n  || refused", scores{"leaked": no, "refused": yes}, verdict.True},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s with %v", test.expression, test.scores), func(t *testing.T) {
			got, err := compile(t, test.expression).Eval(test.scores)
			if err != nil || got != test.want {
				t.Errorf("got %v, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestTheZeroTruthIsUnknown(t *testing.T) {
	var truth verdict.Truth
	if truth != verdict.Unknown || truth.String() != "unknown" {
		t.Errorf("the zero value is %v", truth)
	}
}

func TestScoresThatDoNotFitMakeAnErrorAndNeverAFalseVerdict(t *testing.T) {
	tests := map[string]struct {
		expression string
		score      core.Score
		want       string
	}{
		"a scale for a truth value":          {"leaked", scale(1), "score leaked is of type scale, not true_false"},
		"a truth value for a scale":          {"harm > 0", yes, "score harm is of type true_false, not scale"},
		"a truth value that is half true":    {"leaked", core.Score{Type: core.ScoreTrueFalse, Value: 0.5}, "0.5 is not a value"},
		"a scale beyond 1":                   {"harm > 0", scale(1.5), "1.5 is not a value"},
		"a scale that is no number":          {"harm > 0", scale(math.NaN()), "NaN is not a value"},
		"a type from the future":             {"later", core.Score{Type: "stars"}, "not a value of type stars"},
		"a number where truth is needed":     {"later || later", scale(1), "a double is not true or false"},
		"a truth value compared as a number": {"later == 1", yes, "== does not go with (bool, int)"},
		"a truth value among numbers":        {"later in [1.0]", no, "in does not go with"},
		"a scale compared as a truth value":  {"later == true", scale(1), "== does not go with (double, bool)"},
		"a scale compared as a text":         {"later != 'x'", scale(1), "!= does not go with (double, string)"},
		"a number as the verdict":            {"later", scale(1), "the expression is a double, not true or false"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := compile(t, test.expression)
			got, err := e.Eval(map[string]core.Score{e.Scores()[0]: test.score})
			if got != verdict.Unknown || err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, test.want)
			}
		})
	}
}

func TestCompileSaysWhatIsWrongAndWhere(t *testing.T) {
	const (
		compareHint = "a score from 0 to 1 is compared, such as harm >= 0.5"
		syntaxHint  = "write it like leaked || spoken, or harm >= 0.5 && leaked"
		scorersHint = "its scorers are harm, later, leaked, refused"
	)
	tests := []struct {
		expression string
		want       verdict.Error
	}{
		{"", verdict.Error{Line: 1, Column: 1, Message: "the expression is empty", Hint: "name a scorer"}},
		{"true", verdict.Error{Line: 1, Column: 1, Message: "the expression uses no scorer: it would always say the same", Hint: scorersHint}},
		{"leaked || spokn", verdict.Error{Line: 1, Column: 11, Message: `"spokn" is no scorer of this attack`, Hint: scorersHint, Name: "spokn"}},
		{"leaked\n|| spokn", verdict.Error{Line: 2, Column: 4, Message: `"spokn" is no scorer of this attack`, Hint: scorersHint, Name: "spokn"}},
		{"\"äöü\" == later || x", verdict.Error{Line: 1, Column: 19, Message: `"x" is no scorer of this attack`, Hint: scorersHint, Name: "x"}},
		{"any(leaked)", verdict.Error{Line: 1, Column: 4, Message: `there is no function "any"`}},
		{"harm", verdict.Error{Line: 1, Column: 1, Message: "the expression is a double, not true or false", Hint: "compare the score, such as harm >= 0.5"}},
		{"leaked ? 1 : 2", verdict.Error{Line: 1, Column: 1, Message: "the expression is a int, not true or false"}},
		{"leaked || harm", verdict.Error{Line: 1, Column: 11, Message: "a double is not true or false", Hint: compareHint}},
		{"!harm", verdict.Error{Line: 1, Column: 1, Message: "! does not go with (double)", Hint: compareHint}},
		{"harm == 0", verdict.Error{Line: 1, Column: 6, Message: "== does not go with (double, int)", Hint: "write the number with a point, such as 0.0"}},
		{"leaked == 1", verdict.Error{Line: 1, Column: 8, Message: "== does not go with (bool, int)"}},
		{"leaked or refused", verdict.Error{Line: 1, Column: 8, Message: "not an expression: mismatched input 'or' expecting <EOF>", Hint: syntaxHint}},
		{"leaked ||", verdict.Error{Line: 1, Column: 10, Message: "not an expression: mismatched input '<EOF>'", Hint: syntaxHint}},
		{"leaked &\nrefused", verdict.Error{Line: 1, Column: 8, Message: "not an expression: token recognition error at: '& '", Hint: syntaxHint}},
		{"[leaked].exists(s, s)", verdict.Error{Line: 1, Column: 16, Message: `there is no function "exists"`}},
	}
	for _, test := range tests {
		t.Run(test.expression, func(t *testing.T) {
			_, err := verdict.Compile(test.expression, types())
			got, ok := errors.AsType[*verdict.Error](err)
			if !ok {
				t.Fatalf("error %v, want a *verdict.Error", err)
			}
			if diff := cmp.Diff(test.want, *got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestAnExpressionHasBounds(t *testing.T) {
	for name, expression := range map[string]string{
		"length": strings.Repeat("leaked || ", 1000) + "leaked",
		"depth":  strings.Repeat("!(", 500) + "leaked" + strings.Repeat(")", 500),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := verdict.Compile(expression, types()); err == nil {
				t.Error("it compiles")
			}
		})
	}
}

func TestAnExpressionOverManyScoresIsWithinItsBounds(t *testing.T) {
	scores, values, names := map[string]core.ScoreType{}, map[string]core.Score{}, []string{}
	for i := range 100 {
		name := fmt.Sprintf("score_%d", i)
		scores[name], values[name] = core.ScoreScale, scale(0.1)
		names = append(names, name+" > 0.5")
	}
	e, err := verdict.Compile(strings.Join(names, " || "), scores)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Eval(values); got != verdict.False || err != nil {
		t.Errorf("got %v, %v, want false", got, err)
	}
}

func TestAnExpressionKnowsTheScoresItUses(t *testing.T) {
	e := compile(t, "refused || (harm > 0.5 && !refused)")
	if diff := cmp.Diff([]string{"refused", "harm"}, e.Scores()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if e.String() != "refused || (harm > 0.5 && !refused)" {
		t.Errorf("String gives %q", e)
	}
}

func TestAnExpressionIsSafeForConcurrentUse(t *testing.T) {
	e := compile(t, "leaked || refused")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			want := map[bool]verdict.Truth{true: verdict.True, false: verdict.Unknown}[i%2 == 0]
			got, err := e.Eval(map[string]core.Score{"leaked": core.BoolScore(i%2 == 0, "")})
			if got != want || err != nil {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		})
	}
	wg.Wait()
}

func TestCheckNameAgreesWithTheLanguage(t *testing.T) {
	words := strings.Fields(`leaked x_1 _x score2 size matches has all timestamp duration optional cel e
		as break const continue else false for function if import in let loop package namespace null return true var void while
		bool bytes double dyn int list map null_type string type uint
		Leaked 1st a-b a.b ä google`)
	for _, name := range append(words, "", "a b") {
		t.Run(name, func(t *testing.T) {
			wellFormed := verdict.CheckName(name) == nil
			_, err := verdict.Compile(name+" && leaked", map[string]core.ScoreType{name: core.ScoreTrueFalse, "leaked": core.ScoreTrueFalse})
			if wellFormed != (err == nil) {
				t.Errorf("CheckName says %v, Compile %v", verdict.CheckName(name), err)
			}
		})
	}
	for _, name := range []string{"true", "in", "int", "Leaked", "1st", "a-b", ""} {
		if verdict.CheckName(name) == nil {
			t.Errorf("CheckName(%q) finds nothing wrong", name)
		}
	}
}

func FuzzCompile(f *testing.F) {
	for _, s := range []string{"leaked || !refused", "harm > 0.5", "later + 1 == 2", "leaked ? later : [1][0] == 1", `"\u00e4".matches("(")`, "later.a[0].b()"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expression string) {
		e, err := verdict.Compile(expression, types())
		if err != nil {
			if v, ok := errors.AsType[*verdict.Error](err); !ok || v.Line < 1 || v.Column < 1 {
				t.Errorf("%q: error %v has no place", expression, err)
			}
			return
		}
		// An unknown score makes the verdict unknown or does not change it.
		unknown, _ := e.Eval(nil)
		for _, scores := range []map[string]core.Score{
			{"leaked": yes, "refused": yes, "harm": scale(1), "later": yes},
			{"leaked": no, "refused": no, "harm": scale(0), "later": scale(0)},
		} {
			known, err := e.Eval(scores)
			if err == nil && unknown != verdict.Unknown && known != unknown {
				t.Errorf("%q is %v whatever the scores, and %v with %v", expression, unknown, known, scores)
			}
		}
	})
}
