package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

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

	converter, err := core.Open[core.Converter](context.Background(), component, []byte(`{"times": 3}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	out, err := converter.Convert(context.Background(), core.TextValue("open"))
	fmt.Println(out.Text(), err)

	_, err = core.Open[core.Converter](context.Background(), component, []byte(`{"time": 3}`))
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

	scorer, err := core.Open[core.Scorer](context.Background(), component, nil)
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

// A component says by the kind of its error what can be done about it, and may add
// how long to wait and what would be right. Both survive the plugin boundary and
// any wrapping.
func ExampleRetryAfterOf() {
	refused := core.Errorf(core.ErrorRateLimited, "the service takes no more messages").
		After(12 * time.Second).WithHint("lower requests_per_minute")
	err := fmt.Errorf("turn 3: %w", refused)

	fmt.Println(err)
	fmt.Println(core.KindOf(err), core.RetryAfterOf(err), core.HintOf(err))
	fmt.Println(core.KindOf(errors.New("who knows")))
	// Output:
	// turn 3: the service takes no more messages
	// rate_limited 12s lower requests_per_minute
	// internal
}

// lineConfig has a rule that no schema can express.
type lineConfig struct {
	Low  int `json:"low" doc:"The lowest frequency, in Hz."`
	High int `json:"high" doc:"The highest frequency, in Hz."`
}

// Validate is asked before anything is opened.
func (c lineConfig) Validate() error {
	if c.Low >= c.High {
		return core.Errorf(core.ErrorConfig, "no frequency is from %d to %d Hz", c.Low, c.High).At("low")
	}
	return nil
}

// A configuration is checked without opening anything, as "validate" does.
func ExampleComponent_Check() {
	text := []core.Modality{core.Text}
	component := core.NewConverter(core.Info{Name: "line", Summary: "A line.", In: text, Out: text}, lineConfig{Low: 300, High: 3400},
		func(context.Context, lineConfig) (core.Converter, error) { panic("it is not opened") })

	fmt.Println(component.Check(nil))
	fmt.Println(component.Check([]byte(`{"low": 4000}`)))
	// Output:
	// <nil>
	// low: no frequency is from 4000 to 3400 Hz
}

// A model that was asked for JSON often says more than that. An answer without the object
// is an error, whose text can be told to the model.
func ExampleDecodeAnswer() {
	var judgement struct {
		Holds bool   `json:"holds"`
		Why   string `json:"why"`
	}
	err := core.DecodeAnswer("Here it is:\n```json\n{\"holds\": true, \"why\": \"it names the code\"}\n```", &judgement)
	fmt.Println(judgement.Holds, judgement.Why, err)

	err = core.DecodeAnswer("I cannot judge that.", &judgement)
	fmt.Println(err != nil)
	// Output:
	// true it names the code <nil>
	// true
}

// Random choices follow from the seed of the call, so that a run can be repeated.
func ExampleRand() {
	ctx := core.WithSeed(context.Background(), 42)
	first, again := core.Rand(ctx).IntN(1000), core.Rand(ctx).IntN(1000)
	fmt.Println(first == again)
	// Output: true
}

// guess asks a model of the campaign.
type guess struct {
	Model core.Model `json:"model" doc:"Who is asked." required:"true"`
}

func (g guess) Score(ctx context.Context, e core.Evidence) (core.Score, error) {
	conversation, err := g.Model.StartConversation(ctx, core.Start{SystemPrompt: "Answer yes or no."})
	if err != nil {
		return core.Score{}, err
	}
	defer func() { _ = conversation.End(ctx) }()
	reply, err := conversation.Send(ctx, core.UserText("Is this a refusal? "+e.Values[0].Text()))
	if err != nil {
		return core.Score{}, err
	}
	switch said := reply.Message.Text(); said {
	case "yes", "no":
		return core.BoolScore(said == "yes", "the model says "+said), nil
	default:
		return core.UnknownScore("the model says neither yes nor no"), nil
	}
}

// sure is a model that always gives the same answer.
type sure struct{ answer string }

func (s sure) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return s, nil
}

func (s sure) Send(context.Context, core.Message) (core.Reply, error) {
	said := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(s.answer)}}}
	return core.Reply{Message: said, Finish: core.FinishComplete}, nil
}

func (sure) End(context.Context) error { return nil }

// A scorer that asks a model names a target of the campaign. In a test, any target
// will do.
func ExampleModel() {
	text := []core.Modality{core.Text}
	component := core.NewScorer(core.Info{Name: "refuses", Summary: "Asks a model.", In: text, Scores: core.ScoreTrueFalse}, guess{},
		func(_ context.Context, c guess) (core.Scorer, error) { return c, nil })

	for _, answer := range []string{"yes", "maybe"} {
		scorer, err := core.Open[core.Scorer](context.Background(), component.Using(core.Targets{"judge": sure{answer}}), []byte(`{"model": "judge"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		score, err := scorer.Score(context.Background(), core.Evidence{Values: []core.Value{core.TextValue("No.")}})
		fmt.Println(score.Type == core.ScoreUnknown, score.True(), score.Rationale, err)
	}
	// Output:
	// false true the model says yes <nil>
	// true false the model says neither yes nor no <nil>
}

// Which capabilities must a target have for a turn of a campaign?
func ExampleDelivery_Needs() {
	over := core.Delivery{Stream: true, InterruptAfter: 800 * time.Millisecond}
	fmt.Println(over.Needs(), core.Delivery{}.Needs())
	// Output: [stream interrupt] []
}

// Only a whole reply, or one that the provider's filter cut off, is evidence that
// a target defended itself.
func ExampleFinish_Conclusive() {
	for _, f := range []core.Finish{core.FinishComplete, core.FinishBlocked, core.FinishTruncated, core.FinishInterrupted, core.FinishUnconfirmed} {
		fmt.Println(f, f.Conclusive())
	}
	// Output:
	// complete true
	// blocked true
	// truncated false
	// interrupted false
	// unconfirmed false
}

// A secret is not printed by accident, neither by itself nor within a struct.
func ExampleSecret() {
	config := struct {
		Key core.Secret `json:"api_key"`
	}{"sk-12345"}
	encoded, err := json.Marshal(config)
	fmt.Printf("%v %+v %s %v\n", config.Key, config, encoded, err)
	fmt.Println(config.Key.Reveal())
	// Output:
	// [redacted] {Key:[redacted]} {"api_key":"[redacted]"} <nil>
	// sk-12345
}

// What may a new version of a plugin do that the installed one may not?
func ExamplePermissions_Without() {
	old := core.Permissions{Programs: []string{"flite"}}
	update := core.Permissions{Network: true, Programs: []string{"flite", "espeak-ng"}}
	fmt.Println(update.Without(old))
	fmt.Println(old.Without(update))
	// Output:
	// network; runs espeak-ng
	// nothing
}
