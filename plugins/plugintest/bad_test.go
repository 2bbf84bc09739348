package plugintest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

// brokenPromises is set where TestBrokenPromises is expected to fail.
const brokenPromises = "PLUGINTEST_BROKEN_PROMISES"

func TestTheKitCatchesBrokenPromises(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run", "^TestBrokenPromises$", "-test.v")
	cmd.Env = append(os.Environ(), brokenPromises+"=1")
	output, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed {
		t.Fatalf("the kit found nothing wrong: %v\n%s", err, output)
	}
	for _, caught := range []string{
		"converter/is_described",
		"converter/refuses_an_unknown_key",
		"converter/outlives_the_context_it_was_opened_with",
		"converter/converts_concurrently",
		"converter/honours_cancellation",
		"converter/refuses_what_it_does_not_take",
		"scorer/scores_concurrently",
		"scorer/never_judges_nothing",
		"target/holds_conversations_concurrently",
		"target/honours_cancellation",
		"target/outlives_the_context_it_was_started_with",
		"target/can_do_what_it_says/refuses_a_history",
		"boaster/can_do_what_it_says/system_prompt ",
		"boaster/can_do_what_it_says/history",
		"boaster/can_do_what_it_says/system_prompt_update",
		"boaster/can_do_what_it_says/interrupt",
		"boaster/can_do_what_it_says/out_of_band",
	} {
		if !strings.Contains(string(output), "--- FAIL: TestBrokenPromises/"+caught) {
			t.Errorf("not caught: %s", caught)
		}
	}
	if t.Failed() {
		t.Logf("%s", output)
	}
}

// TestBrokenPromises tests components that break the promises of core. It is
// run by the test above.
func TestBrokenPromises(t *testing.T) {
	if os.Getenv(brokenPromises) == "" {
		return
	}
	s := plugintest.InProcess(t, bad()...)
	t.Run("converter", func(t *testing.T) {
		plugintest.TestConverter(t, s, plugintest.ConverterCase{Use: "bad", Input: core.TextValue("hello")})
	})
	t.Run("scorer", func(t *testing.T) { plugintest.TestScorer(t, s, plugintest.ScorerCase{Use: "bad"}) })
	t.Run("target", func(t *testing.T) {
		plugintest.TestTarget(t, s, plugintest.TargetCase{Use: "bad", Message: core.UserText("hello")})
	})
	t.Run("boaster", func(t *testing.T) {
		plugintest.TestTarget(t, s, plugintest.TargetCase{Use: "boaster", Message: core.UserText("hello")})
	})
}

// sloppy accepts any configuration.
type sloppy struct {
	Word string `json:"word" doc:"A word."`
}

func (*sloppy) UnmarshalJSON([]byte) error { return nil }

func bad() []core.Component {
	return []core.Component{
		core.NewConverter(core.Info{Name: "bad"}, sloppy{}, func(context.Context, sloppy) (core.Converter, error) { return &badConverter{}, nil }),
		core.NewScorer(core.Info{Name: "bad"}, sloppy{}, func(context.Context, sloppy) (core.Scorer, error) { return badScorer{}, nil }),
		core.NewTarget(core.Info{Name: "bad"}, sloppy{}, func(context.Context, sloppy) (core.Target, error) { return badTarget{}, nil }),
		core.NewTarget(core.Info{Name: "boaster", Capabilities: core.Capabilities()}, sloppy{}, func(context.Context, sloppy) (core.Target, error) { return boaster{}, nil }),
	}
}

// boaster takes nothing of what it says it takes.
type boaster struct{}

func (boaster) StartConversation(_ context.Context, s core.Start) (core.Conversation, error) {
	if s.SystemPrompt != "" || len(s.History) > 0 {
		return nil, core.Errorf(core.KindUnsupported, "too much to begin with")
	}
	return boastfulTalk{}, nil
}

type boastfulTalk struct{ echoTalk }

func (t boastfulTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if !m.Delivery.IsZero() {
		return core.Reply{}, core.Errorf(core.KindUnsupported, "delivered too oddly")
	}
	return t.echoTalk.Send(ctx, m)
}

type badConverter struct{ closed bool }

func (c *badConverter) Close() error {
	if c.closed {
		return errors.New("closed already")
	}
	c.closed = true
	return nil
}

func (c *badConverter) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if ctx.Err() != nil {
		select {} // deaf
	}
	return in, nil
}

type badScorer struct{}

func (badScorer) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.Score{Type: core.ScoreTrueFalse, Value: 0.5}, nil
}

type badTarget struct{}

func (badTarget) StartConversation(ctx context.Context, _ core.Start) (core.Conversation, error) {
	return badTalk{ctx}, nil
}

type badTalk struct{ started context.Context }

func (badTalk) End(context.Context) error { return nil }

func (b badTalk) Send(context.Context, core.Message) (core.Reply, error) {
	return core.Reply{}, b.started.Err() // the wrong context, and an empty reply
}
