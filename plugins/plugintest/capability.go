package plugintest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// capabilities checks that a target does what it says it can, as far as the
// case's message can show it, and refuses a history that it cannot take.
func capabilities(t *testing.T, target core.Target, info core.Info, c TargetCase) {
	t.Helper()
	for _, capability := range info.Capabilities {
		if !slices.Contains(core.Capabilities(), capability) {
			t.Errorf("capability %q is not one of core's", capability)
			continue
		}
		t.Run(capability, func(t *testing.T) {
			if err := shows(t.Context(), target, c, capability); err != nil {
				t.Error(err)
			}
		})
	}
	if info.Can(core.CapabilityHistory) {
		return
	}
	t.Run("refuses a history", func(t *testing.T) {
		err := started(t.Context(), target, withHistory(c), func(talk core.Conversation) error {
			_, err := talk.Send(t.Context(), c.Message)
			return err
		})
		if core.KindOf(err) != core.KindUnsupported {
			t.Errorf("a history: %v, want an error of kind unsupported, or the capability %q", err, core.CapabilityHistory)
		}
	})
}

// shows has the target use a capability. That a conversation remembers its
// turns is for the target's own tests: a message does not show it.
func shows(ctx context.Context, target core.Target, c TargetCase, capability string) error {
	prompt := "You are being tested."
	first, next := c.Message, c.Message
	switch capability {
	case core.CapabilitySystemPrompt:
		c.Start.SystemPrompt = prompt
	case core.CapabilityHistory:
		c.Start = withHistory(c)
	case core.CapabilitySystemPromptUpdate:
		next.Delivery.SystemPrompt = &prompt
	case core.CapabilityStream:
		if len(next.Of(core.Audio)) == 0 {
			return nil // there is nothing to stream
		}
		next.Delivery.Stream = true
	case core.CapabilityOutOfBand:
		next.Delivery.OutOfBand = true
	case core.CapabilityInterrupt:
		next.Delivery.InterruptAfter = time.Millisecond
		return started(ctx, target, c.Start, func(talk core.Conversation) error {
			return interrupts(ctx, talk, []core.Message{first, next})
		})
	}
	return started(ctx, target, c.Start, func(talk core.Conversation) error {
		for _, m := range []core.Message{first, next} {
			reply, err := talk.Send(ctx, m)
			if err != nil {
				return err
			}
			if err := answered(reply); err != nil {
				return err
			}
		}
		return nil
	})
}

// interrupts has the second message said over the reply to the first.
func interrupts(ctx context.Context, talk core.Conversation, messages []core.Message) error {
	open, ok := talk.(core.Interruptible)
	if !ok {
		return fmt.Errorf("its conversations (%T) do not implement core.Interruptible", talk)
	}
	replies, err := open.Exchange(ctx, messages)
	if err != nil {
		return err
	}
	if len(replies) != len(messages) {
		return fmt.Errorf("%d replies to %d messages", len(replies), len(messages))
	}
	for _, reply := range replies {
		if err := answered(reply); err != nil {
			return err
		}
	}
	return nil
}

// started does something with a conversation and ends it.
func started(ctx context.Context, target core.Target, start core.Start, do func(core.Conversation) error) error {
	talk, err := target.StartConversation(ctx, start)
	if err != nil {
		return fmt.Errorf("starting a conversation: %w", err)
	}
	return errors.Join(do(talk), talk.End(ctx))
}

// withHistory is the start of a conversation in which something has been said.
func withHistory(c TargetCase) core.Start {
	start := c.Start
	start.History = []core.Message{
		core.UserText("Good morning."),
		{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("Good morning. How can I help?")}}},
	}
	return start
}
