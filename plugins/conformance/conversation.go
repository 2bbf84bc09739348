package conformance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// checkConversations checks that a target fulfils the contract of
// core.Conversation, and what it declares itself.
func (s subject) checkConversations(t T, from Source) {
	holding := func(name string, check func(T, core.Target)) {
		t.Run(name, func(t T) {
			s.use(t, from, func(o opened) { check(t, o.value.(core.Target)) })
		})
	}
	holding("holds a conversation of two turns", s.holdsTwoTurns)
	holding("outlives the context a conversation was started with", s.outlivesItsStart)
	holding("can end a conversation twice", s.endsTwice)
	t.Group("can do what it says", func(t T) {
		for _, capability := range s.info.Capabilities {
			t.Run(capability, func(t T) {
				s.use(t, from, func(o opened) { s.shows(t, o.value.(core.Target), capability) })
			})
		}
		if !s.info.Can(core.CapabilityHistory) {
			t.Run("refuses a history", func(t T) {
				s.use(t, from, func(o opened) { s.refusesHistory(t, o.value.(core.Target)) })
			})
		}
	})
}

// holdsTwoTurns sends two messages. A target that remembers no conversation may refuse
// the second one.
func (s subject) holdsTwoTurns(t T, target core.Target) {
	err := started(t.Context(), target, core.Start{}, func(talk core.Conversation) error {
		if err := s.turns(t.Context(), message(s.Input))(talk); err != nil {
			return err
		}
		err := s.turn(t.Context(), talk, message(s.Input))
		if err == nil || !s.info.Can(core.CapabilityMultiTurn) && core.KindOf(err) == core.ErrorUnsupported {
			return nil
		}
		return fmt.Errorf("turn 2: %w", err)
	})
	if err != nil {
		t.Errorf("%v", err)
	}
}

// turns sends messages one after the other.
func (s subject) turns(ctx context.Context, messages ...core.Message) func(core.Conversation) error {
	return func(talk core.Conversation) error {
		for n, m := range messages {
			if err := s.turn(ctx, talk, m); err != nil {
				return fmt.Errorf("turn %d: %w", n+1, err)
			}
		}
		return nil
	}
}

func (s subject) outlivesItsStart(t T, target core.Target) {
	ctx, cancel := context.WithCancel(t.Context())
	talk, err := target.StartConversation(ctx, core.Start{})
	cancel()
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	if err := s.turn(t.Context(), talk, message(s.Input)); err != nil {
		t.Errorf("a turn, once the context is over that the conversation was started with: %v", err)
	}
	if err := talk.End(t.Context()); err != nil {
		t.Errorf("ending the conversation: %v", err)
	}
}

func (s subject) endsTwice(t T, target core.Target) {
	talk, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	for _, time := range []string{"first", "second"} {
		if err := talk.End(t.Context()); err != nil {
			t.Errorf("ending the conversation for the %s time: %v", time, err)
		}
	}
}

// shows checks that the target has a capability, as far as the case's input can
// show it. That a conversation remembers its turns is left to the target's own
// tests: the input does not show it.
func (s subject) shows(t T, target core.Target, capability string) {
	var start core.Start
	first, next := message(s.Input), message(s.Input)
	prompt := "You are being tested."
	switch capability {
	case core.CapabilitySystemPrompt:
		start.SystemPrompt = prompt
	case core.CapabilityHistory:
		start = history()
	case core.CapabilitySystemPromptUpdate:
		next.Delivery.SystemPrompt = &prompt
	case core.CapabilityStream:
		if s.Input.Modality != core.Audio {
			t.Skipf("the case's input is no audio, so there is nothing to stream")
		}
		next.Delivery.Stream = true
	case core.CapabilityOutOfBand:
		next.Delivery.OutOfBand = true
	case core.CapabilityInterrupt:
		next.Delivery.InterruptAfter = time.Millisecond
		if err := started(t.Context(), target, start, s.interrupts(t.Context(), first, next)); err != nil {
			t.Errorf("%v", err)
		}
		return
	}
	messages := []core.Message{first, next}
	if !s.info.Can(core.CapabilityMultiTurn) {
		messages = messages[1:]
	}
	if err := started(t.Context(), target, start, s.turns(t.Context(), messages...)); err != nil {
		t.Errorf("%v", err)
	}
}

// interrupts checks an exchange in which each message after the first is sent
// while the reply before it plays.
func (s subject) interrupts(ctx context.Context, messages ...core.Message) func(core.Conversation) error {
	return func(talk core.Conversation) error {
		if _, ok := talk.(core.Interruptible); !ok {
			return fmt.Errorf("the conversations (%T) do not implement core.Interruptible", talk)
		}
		replies, err := core.Deliver(ctx, talk, messages)
		for _, reply := range replies {
			err = errors.Join(err, s.answered(reply))
		}
		return err
	}
}

func (s subject) refusesHistory(t T, target core.Target) {
	err := started(t.Context(), target, history(), s.turns(t.Context(), message(s.Input)))
	if core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("a history: error %v (%s), want one of kind unsupported, or the capability %q", err, core.KindOf(err), core.CapabilityHistory)
	}
}

// history is the start of a conversation with earlier messages.
func history() core.Start {
	return core.Start{History: []core.Message{
		core.UserText("Good morning."),
		{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("Good morning. How can I help?")}}},
	}}
}
