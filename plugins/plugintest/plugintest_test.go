package plugintest_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

func TestMain(m *testing.M) { plugintest.Main(m, good()...) }

type config struct {
	Word string `json:"word" doc:"A word."`
}

// good are components that keep every promise.
func good() []core.Component {
	text := []core.Modality{core.Text}
	return []core.Component{
		core.NewConverter(core.Info{Name: "upper", Summary: "Shouts.", In: text, Out: text}, config{},
			func(context.Context, config) (core.Converter, error) { return upper{}, nil }),
		core.NewScorer(core.Info{Name: "has", Summary: "Looks for a word.", In: text, Scores: core.ScoreTrueFalse}, config{Word: "x"},
			func(_ context.Context, c config) (core.Scorer, error) { return has(c), nil }),
		core.NewScorer(core.Info{Name: "asks", Summary: "Asks a model.", In: text, Scores: core.ScoreTrueFalse}, asks{},
			func(_ context.Context, c asks) (core.Scorer, error) { return c, nil }),
		core.NewTarget(core.Info{Name: "echo", Summary: "Repeats.", In: text, Out: text}, config{},
			func(context.Context, config) (core.Target, error) { return &echo{}, nil }),
		core.NewTarget(core.Info{Name: "able", Summary: "Repeats, and can do everything.", In: text, Out: text, Capabilities: core.Capabilities()}, config{},
			func(context.Context, config) (core.Target, error) { return able{}, nil }),
	}
}

type upper struct{}

func (upper) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "only text has case, not %s", in.Modality)
	}
	if strings.ToUpper(in.Text()) == strings.ToLower(in.Text()) {
		core.Warn(ctx, "nothing in the text has an upper case")
	}
	return core.TextValue(strings.ToUpper(in.Text())), nil
}

type has config

func (h has) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	if len(e.Values) == 0 || e.Values[0].Modality != core.Text {
		return core.UnknownScore("no text to look at"), nil
	}
	return core.BoolScore(strings.Contains(e.Values[0].Text(), h.Word), "looked for it"), nil
}

// asks has a model repeat what it judges.
type asks struct {
	Model core.Model `json:"model" required:"true"`
}

func (a asks) Score(ctx context.Context, e core.Evidence) (core.Score, error) {
	if len(e.Values) == 0 || e.Values[0].Modality != core.Text {
		return core.UnknownScore("nothing to ask about"), nil
	}
	talk, err := a.Model.StartConversation(ctx, core.Start{})
	if err != nil {
		return core.Score{}, err
	}
	reply, err := talk.Send(ctx, core.UserText(e.Values[0].Text()))
	if err != nil {
		return core.Score{}, err
	}
	return core.BoolScore(reply.Message.Text() == e.Values[0].Text(), "it was repeated"), talk.End(ctx)
}

type echo struct{ closed sync.Once }

func (e *echo) Close() error { e.closed.Do(func() {}); return nil }

func (e *echo) StartConversation(_ context.Context, s core.Start) (core.Conversation, error) {
	if len(s.History) > 0 {
		return nil, core.Errorf(core.ErrorUnsupported, "an echo has no past")
	}
	return echoTalk{}, nil
}

// able repeats whatever it is told in whatever way.
type able struct{}

func (able) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return ableTalk{}, nil
}

type ableTalk struct{ echoTalk }

func (t ableTalk) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	for _, m := range messages {
		reply, err := t.Send(ctx, m)
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	return replies, nil
}

type echoTalk struct{}

func (echoTalk) End(context.Context) error { return nil }

func (echoTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if ctx.Err() != nil {
		return core.Reply{}, ctx.Err()
	}
	for _, p := range m.Parts {
		if p.Modality != core.Text {
			return core.Reply{}, core.Errorf(core.ErrorUnsupported, "an echo of %s", p.Modality)
		}
	}
	m.Role = core.Assistant
	return core.Reply{Message: m, Finish: core.FinishComplete}, nil
}

func TestGoodComponentsConform(t *testing.T) {
	plugintest.Test(t, good(), plugintest.Case{Kind: core.KindScorer, Use: "asks", Config: `{"model": "helper"}`})
}
