package plugintest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// TargetCase is a target with a message that it answers.
type TargetCase struct {
	// Use is the component's name, and Config its configuration, a JSON
	// object.
	Use, Config string
	Start       core.Start
	Message     core.Message
}

// TestTarget holds a target to the promises of core.Target and
// core.Conversation.
func TestTarget(t *testing.T, s Source, c TargetCase) {
	t.Helper()
	component(t, s, core.KindTarget, c.Use, c.Config, func(ctx context.Context, config []byte) (any, error) {
		return s.OpenTarget(ctx, c.Use, config)
	})
	target, err := s.OpenTarget(t.Context(), c.Use, []byte(c.Config))
	if err != nil {
		t.Fatal(err)
	}
	defer closesTwice(t, target)
	t.Run("holds conversations concurrently", func(t *testing.T) {
		atOnce(t, func(ctx context.Context) error { return twoTurns(ctx, target, c) })
	})
	t.Run("honours cancellation", func(t *testing.T) { cancelledSend(t, target, c) })
	t.Run("outlives the context it was started with", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		talk, err := target.StartConversation(ctx, c.Start)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := talk.Send(t.Context(), c.Message); err != nil {
			t.Error(err)
		}
		endsTwice(t, talk)
	})
	info, _, _ := s.Lookup(core.KindTarget, c.Use)
	t.Run("can do what it says", func(t *testing.T) { capabilities(t, target, info, c) })
}

func twoTurns(ctx context.Context, target core.Target, c TargetCase) error {
	talk, err := target.StartConversation(ctx, c.Start)
	if err != nil {
		return fmt.Errorf("starting a conversation: %w", err)
	}
	for turn := 1; turn <= 2; turn++ {
		reply, err := talk.Send(ctx, c.Message)
		if err != nil {
			return errors.Join(fmt.Errorf("turn %d: %w", turn, err), talk.End(ctx))
		}
		if err := answered(reply); err != nil {
			return errors.Join(fmt.Errorf("turn %d: %w", turn, err), talk.End(ctx))
		}
	}
	return talk.End(ctx)
}

func answered(r core.Reply) error {
	switch {
	case r.Message.Role != core.Assistant:
		return fmt.Errorf("the reply has the role %q", r.Message.Role)
	case r.Finish == "":
		return errors.New("the reply does not say how it ended")
	case r.Finish == core.FinishComplete && r.Message.Empty():
		return errors.New("the reply is complete and empty")
	}
	return nil
}

func cancelledSend(t *testing.T, target core.Target, c TargetCase) {
	t.Helper()
	talk, err := target.StartConversation(t.Context(), c.Start)
	if err != nil {
		t.Fatal(err)
	}
	err = promptly(t, func(ctx context.Context) error {
		_, err := talk.Send(ctx, c.Message)
		return err
	})
	if err == nil {
		t.Error("a cancelled turn has a reply")
	}
	endsTwice(t, talk)
}

func endsTwice(t *testing.T, talk core.Conversation) {
	t.Helper()
	for _, time := range []string{"first", "second"} {
		if err := talk.End(t.Context()); err != nil {
			t.Errorf("ending the conversation for the %s time: %v", time, err)
		}
	}
}
