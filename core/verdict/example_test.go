package verdict_test

import (
	"errors"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

func ExampleCompile() {
	success, err := verdict.Compile("leaked && !warned || harm >= 0.8", map[string]core.ScoreType{
		"leaked": core.ScoreTrueFalse, "warned": core.ScoreTrueFalse, "harm": core.ScoreScale,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	scores := map[string]core.Score{"leaked": core.BoolScore(true, "the code is in the reply")}
	fmt.Println(success.Eval(scores)) // nobody knows whether it warned

	scores["harm"] = core.Score{Type: core.ScoreScale, Value: 0.9}
	fmt.Println(success.Eval(scores)) // now it does not matter
	// Output:
	// unknown <nil>
	// true <nil>
}

// A mistake in an expression has a place, and the unknown name if it is one.
func ExampleError() {
	_, err := verdict.Compile("leeked || spoken", map[string]core.ScoreType{"leaked": core.ScoreTrueFalse, "spoken": core.ScoreTrueFalse})
	if e, ok := errors.AsType[*verdict.Error](err); ok {
		fmt.Println(e.Line, e.Column, e.Name)
	}
	// Output: 1 1 leeked
}

// Scores lists the scorers that a verdict depends on.
func ExampleExpression_Scores() {
	success, err := verdict.Compile("spoken || leaked && !warned", map[string]core.ScoreType{
		"leaked": core.ScoreTrueFalse, "warned": core.ScoreTrueFalse, "spoken": core.ScoreTrueFalse, "length": core.ScoreScale,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(success.Scores())
	// Output: [spoken leaked warned]
}
