package core_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// repeatConfig is what a campaign may write after with:.
type repeatConfig struct {
	Times int    `json:"times" doc:"How often the text is said." min:"1" max:"100"`
	Join  string `json:"join" doc:"What stands between two times."`
}

type repeat struct{ repeatConfig }

func (r repeat) Convert(_ context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "%s cannot be repeated", in.Modality)
	}
	return core.TextValue(strings.Repeat(in.Text()+r.Join, r.Times-1) + in.Text()), nil
}

func ExampleNewConverter() {
	text := []core.Modality{core.Text}
	component := core.NewConverter(
		core.Info{Name: "repeat", Summary: "Says the text several times.", In: text, Out: text},
		repeatConfig{Times: 2, Join: " "}, // the defaults
		func(_ context.Context, c repeatConfig) (core.Converter, error) { return repeat{c}, nil })

	converter, err := component.OpenConverter(context.Background(), []byte(`{"times": 3}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := converter.Convert(context.Background(), core.TextValue("open"))
	fmt.Println(out.Text(), err)

	_, err = component.OpenConverter(context.Background(), []byte(`{"time": 3}`))
	fmt.Println(err)
	// Output:
	// open open open <nil>
	// time: unknown key
}

func ExampleNewScorer() {
	text := []core.Modality{core.Text}
	component := core.NewScorer(
		core.Info{Name: "shouts", Summary: "Tells whether a reply shouts.", In: text, Scores: core.ScoreTrueFalse},
		struct{}{}, // there is nothing to configure
		func(context.Context, struct{}) (core.Scorer, error) { return shouts{}, nil })

	scorer, err := component.OpenScorer(context.Background(), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, said := range []string{"NO", "no", ""} {
		score, err := scorer.Score(context.Background(), core.Evidence{Values: []core.Value{core.TextValue(said)}})
		fmt.Printf("%q: %v %s %v\n", said, score.True(), score.Rationale, err)
	}
	// Output:
	// "NO": true it is all capitals <nil>
	// "no": false it is not all capitals <nil>
	// "": false there is no text <nil>
}

type shouts struct{}

// Score says that it cannot tell where there is nothing to judge.
func (shouts) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	var said strings.Builder
	for _, v := range e.Values {
		said.WriteString(v.Text())
	}
	switch s := said.String(); {
	case strings.TrimSpace(s) == "":
		return core.UnknownScore("there is no text"), nil
	case s == strings.ToUpper(s):
		return core.BoolScore(true, "it is all capitals"), nil
	default:
		return core.BoolScore(false, "it is not all capitals"), nil
	}
}
