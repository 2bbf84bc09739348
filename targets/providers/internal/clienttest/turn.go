package clienttest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Remembers is the promise that a conversation begins with its history, those that a
// turn out of band leaves no trace, and that conversations do not know each other.
func (u Suite[A, S]) Remembers() []Promise[A, S] {
	return []Promise[A, S]{
		{Name: "a conversation begins with its history", Agent: u.Recall, Verify: func(s *Stage[S]) {
			c := s.Talk(core.Start{History: []core.Message{
				core.UserText("one"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes?")}}},
			}})
			s.Answered(c, core.UserText("two"), "one then two")
		}},
		{Name: "a turn out of band leaves no trace", Agent: u.Recall, Verify: func(s *Stage[S]) {
			c := s.Talk(core.Start{})
			s.Answered(c, core.UserText("one"), "one")
			m := core.UserText("aside")
			m.Delivery.OutOfBand = true
			s.Answered(c, m, "one then aside")
			s.Answered(c, core.UserText("two"), "one then two")
		}},
		{Name: "conversations do not know each other", Agent: u.Recall, Verify: func(s *Stage[S]) {
			s.Answered(s.Talk(core.Start{}), core.UserText("one"), "one")
			s.Answered(s.Talk(core.Start{}), core.UserText("two"), "two")
		}},
	}
}

// Forgets is the promise that a turn which failed is not remembered, with a fault that
// is an error of the service.
func (u Suite[A, S]) Forgets(fault, says string) Promise[A, S] {
	return Promise[A, S]{Name: "a turn that failed is not remembered", Agent: u.Recall, Faults: []string{fault + "@2"}, Verify: func(s *Stage[S]) {
		c := s.Talk(core.Start{})
		s.Answered(c, core.UserText("one"), "one")
		_, err := c.Send(s.Context(), core.UserText("two"))
		s.Kind(err, core.ErrorUnavailable, says)
		s.Answered(c, core.UserText("three"), "one then three")
	}}
}

// ForgetsEmpty is the promise that a turn whose answer was empty is not remembered, with
// a fault that answers with the text.
func (u Suite[A, S]) ForgetsEmpty(fault, text string) Promise[A, S] {
	return Promise[A, S]{Name: "a turn with an empty answer is not remembered", Agent: u.Recall, Faults: []string{fault + "@2"}, Verify: func(s *Stage[S]) {
		c := s.Talk(core.Start{})
		s.Answered(c, core.UserText("one"), "one")
		s.Answered(c, core.UserText("two"), text)
		s.Answered(c, core.UserText("three"), "one then three")
	}}
}

// ReplacesPrompt is the promise that a turn may replace the system prompt.
func (u Suite[A, S]) ReplacesPrompt() Promise[A, S] {
	return Promise[A, S]{Name: "a turn may replace the system prompt from then on", Agent: u.Obey, Verify: func(s *Stage[S]) {
		prompt, other := "You are a pirate.", "You are a parrot."
		c := s.Talk(core.Start{SystemPrompt: prompt})
		s.Answered(c, core.UserText("one"), prompt)
		m := core.UserText("two")
		m.Delivery.SystemPrompt = &other
		s.Answered(c, m, other)
		s.Answered(c, core.UserText("three"), other)
	}}
}

// Carries is the promise that a long text comes through whole.
func (u Suite[A, S]) Carries() Promise[A, S] {
	return Promise[A, S]{Name: "a long text comes through whole", Verify: func(s *Stage[S]) {
		long := strings.TrimSpace(strings.Repeat("Ünïcödé 漢字 <&> \" \\ \u2028 ", 500)) + "."
		s.Ended(s.Answered(s.Talk(core.Start{}), core.UserText(long), long), core.FinishComplete, "")
	}}
}
