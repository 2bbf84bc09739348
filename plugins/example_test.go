package plugins_test

import (
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// parrot is a target that says what it hears.
type parrot struct{ greeting string }

func (p parrot) StartConversation(_ context.Context, start core.Start) (core.Conversation, error) {
	if len(start.History) > 0 {
		return nil, core.Errorf(core.ErrorUnsupported, "a parrot has no past")
	}
	return conversation(p), nil
}

type conversation struct{ greeting string }

// Send answers. A reply has the role Assistant and says how it ended.
func (c conversation) Send(_ context.Context, m core.Message) (core.Reply, error) {
	said := core.TextValue(c.greeting + m.Text())
	return core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: said}}},
		Finish:  core.FinishComplete,
	}, nil
}

// End has nothing to release.
func (conversation) End(context.Context) error { return nil }

type parrotConfig struct {
	Greeting string `json:"greeting" doc:"What every reply begins with." max:"100"`
}

func parrotComponent() core.Component {
	text := []core.Modality{core.Text}
	return core.NewTarget(
		core.Info{
			Name: "parrot", Summary: "Says what it hears.", In: text, Out: text,
			Capabilities: []string{core.CapabilityMultiTurn},
		},
		parrotConfig{Greeting: "Squawk! "},
		func(_ context.Context, c parrotConfig) (core.Target, error) { return parrot{c.Greeting}, nil })
}

// The main function of a plugin, built as orchestrator-plugin-birds. A campaign
// uses the component as birds/parrot.
func ExampleServe() {
	plugins.Serve(plugins.Info{Name: "birds", Version: "0.1.0"}, parrotComponent())
}

// A target, its conversations and its replies.
func Example_target() {
	ctx := context.Background()
	target, err := core.Open[core.Target](ctx, parrotComponent(), []byte(`{"greeting": "Arr! "}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	conversation, err := target.StartConversation(ctx, core.Start{})
	if err != nil {
		fmt.Println(err)
		return
	}
	reply, err := conversation.Send(ctx, core.UserText("Good morning."))
	fmt.Println(reply.Message.Text(), reply.Finish, err)
	fmt.Println(conversation.End(ctx))
	// Output:
	// Arr! Good morning. complete <nil>
	// <nil>
}
