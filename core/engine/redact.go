package engine

import (
	"errors"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Everything in this file makes what is recorded from what took place: the
// same, without the run's secrets. Components and scorers get the originals.

func (r *run) clean(s string) string { return r.Redactor.String(s) }

// cleanError returns an error for people. It cuts the chain of causes off,
// because each of them could print the secret.
func (r *run) cleanError(err error) error {
	return &core.Error{
		Kind: core.KindOf(err), Hint: r.Redactor.String(core.HintOf(err)), RetryAfter: core.RetryAfterOf(err),
		Err: errors.New(r.Redactor.String(err.Error())),
	}
}

// failed returns an error as it is kept.
func (r *run) failed(err error) *record.Failure {
	return &record.Failure{Kind: core.KindOf(err), Message: r.clean(err.Error()), Hint: r.clean(core.HintOf(err))}
}

// cleanTrial returns the trial as it is kept; ordinal is its place in the plan.
func (h *holding) cleanTrial(ordinal int) record.Trial {
	t := record.Trial{
		TrialInfo: h.info, Seed: h.trial.Seed, Ordinal: ordinal, Objective: h.clean(h.trial.Objective), SystemPrompt: h.clean(h.trial.SystemPrompt),
		History: h.cleanMessages(h.trial.History), StopOn: string(h.trial.StopOn),
	}
	if h.trial.Success != nil {
		t.Success = h.trial.Success.String()
	}
	return t
}

// cleanStart returns what a conversation with a helper began with.
func (h *holding) cleanStart(s core.Start) core.Start {
	clean := core.Start{SystemPrompt: h.clean(s.SystemPrompt)}
	for _, m := range s.History {
		clean.History = append(clean.History, h.cleanMessage(m))
	}
	return clean
}

func (h *holding) cleanReply(r core.Reply) core.Reply {
	r.Message = h.cleanMessage(r.Message)
	r.Detail = h.clean(r.Detail)
	r.Heard = h.clean(r.Heard)
	var warnings []string
	for _, w := range r.Warnings {
		warnings = append(warnings, h.clean(w))
	}
	r.Warnings = warnings
	limits := slices.Clone(r.RateLimits)
	for i := range limits {
		limits[i].Name = h.clean(limits[i].Name)
	}
	r.RateLimits = limits
	return r
}

func (h *holding) cleanMessage(m core.Message) core.Message {
	parts := make([]core.Part, len(m.Parts))
	for i, p := range m.Parts {
		p.Value = h.cleanValue(p.Value)
		if p.Original != nil {
			original := h.cleanValue(*p.Original)
			p.Original = &original
		}
		parts[i] = p
	}
	m.Parts = parts
	if prompt := m.Delivery.SystemPrompt; prompt != nil {
		clean := h.clean(*prompt)
		m.Delivery.SystemPrompt = &clean
	}
	return m
}

func (h *holding) cleanMessages(messages []core.Message) []core.Message {
	var clean []core.Message
	for _, m := range messages {
		clean = append(clean, h.cleanMessage(m))
	}
	return clean
}

// cleanCall returns a call as it is kept.
func (h *holding) cleanCall(c record.Call) record.Call {
	c.Start, c.Messages, c.Values = h.cleanStart(c.Start), h.cleanMessages(c.Messages), h.cleanValues(c.Values)
	c.Objective = h.clean(c.Objective)
	return c
}

// cleanAnswer returns an answer as it is kept.
func (h *holding) cleanAnswer(a record.Answer) record.Answer {
	var replies []core.Reply
	for _, r := range a.Replies {
		replies = append(replies, h.cleanReply(r))
	}
	a.Replies, a.Value, a.Score.Rationale = replies, h.cleanValue(a.Value), h.clean(a.Score.Rationale)
	if a.Err != nil {
		a.Err = h.cleanError(a.Err)
	}
	return a
}

func (h *holding) cleanValues(values []core.Value) []core.Value {
	var clean []core.Value
	for _, v := range values {
		clean = append(clean, h.cleanValue(v))
	}
	return clean
}

// cleanValue removes secrets from values that are text. In sounds and images
// a sequence of bytes that equals a secret is a coincidence.
func (h *holding) cleanValue(v core.Value) core.Value {
	if isText(v) {
		v.Data = h.Redactor.Bytes(v.Data)
	}
	return v
}
