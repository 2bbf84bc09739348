package engine

import (
	"errors"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// redaction removes the run's secrets from what is recorded or observed. It
// returns copies and never changes its arguments, which components use
// unredacted. The zero value removes nothing.
type redaction struct{ redactor *secret.Redactor }

func (r redaction) text(s string) string { return r.redactor.String(s) }

func (r redaction) texts(list []string) []string {
	var clean []string
	for _, s := range list {
		clean = append(clean, r.text(s))
	}
	return clean
}

// error returns an error without secrets. Its chain of causes is cut, because
// each of them could print the secret.
func (r redaction) error(err error) *core.Error {
	return &core.Error{
		Kind: core.KindOf(err), Subject: core.SubjectOf(err), Hint: r.text(core.HintOf(err)), RetryAfter: core.RetryAfterOf(err),
		Err: errors.New(r.text(err.Error())),
	}
}

// failure returns an error for the record.
func (r redaction) failure(err error) *record.Failure {
	f := record.FailureOf(err)
	f.Message, f.Hint = r.text(f.Message), r.text(f.Hint)
	return f
}

// trial returns a trial for the record; ordinal is its place in the plan.
func (r redaction) trial(p *plan.Trial, ordinal int) record.Trial {
	t := record.Trial{
		TrialInfo: infoOf(p, 0), Seed: p.Seed, Ordinal: ordinal, Objective: r.text(p.Objective), SystemPrompt: r.text(p.SystemPrompt),
		History: r.messages(p.History), StopOn: string(p.StopOn),
	}
	if p.Success != nil {
		t.Success = p.Success.String()
	}
	return t
}

// infoOf identifies an attempt at a trial.
func infoOf(t *plan.Trial, attempt int) record.TrialInfo {
	return record.TrialInfo{ID: t.ID, Attack: t.Attack, Variant: t.Variant, Row: t.Row, Number: t.Number, Target: t.Target, Attempt: attempt}
}

// start returns the start of a conversation, without its seed.
func (r redaction) start(s core.Start) core.Start {
	return core.Start{SystemPrompt: r.text(s.SystemPrompt), History: r.messages(s.History)}
}

func (r redaction) reply(reply core.Reply) core.Reply {
	reply.Message = r.message(reply.Message)
	reply.Detail = r.text(reply.Detail)
	reply.Heard = r.text(reply.Heard)
	if reply.HeardConfidence != nil {
		confidence := *reply.HeardConfidence
		confidence.LeastOf = r.text(confidence.LeastOf)
		reply.HeardConfidence = &confidence
	}
	reply.Warnings = r.texts(reply.Warnings)
	limits := slices.Clone(reply.RateLimits)
	for i := range limits {
		limits[i].Name = r.text(limits[i].Name)
	}
	reply.RateLimits = limits
	return reply
}

func (r redaction) message(m core.Message) core.Message {
	parts := make([]core.Part, len(m.Parts))
	for i, p := range m.Parts {
		p.Value = r.value(p.Value)
		if p.Original != nil {
			original := r.value(*p.Original)
			p.Original = &original
		}
		parts[i] = p
	}
	m.Parts = parts
	if prompt := m.Delivery.SystemPrompt; prompt != nil {
		clean := r.text(*prompt)
		m.Delivery.SystemPrompt = &clean
	}
	return m
}

func (r redaction) messages(messages []core.Message) []core.Message {
	var clean []core.Message
	for _, m := range messages {
		clean = append(clean, r.message(m))
	}
	return clean
}

func (r redaction) call(c record.Call) record.Call {
	c.Start, c.Messages, c.Values = r.start(c.Start), r.messages(c.Messages), r.values(c.Values)
	c.Objective = r.text(c.Objective)
	return c
}

func (r redaction) answer(a record.Answer) record.Answer {
	var replies []core.Reply
	for _, reply := range a.Replies {
		replies = append(replies, r.reply(reply))
	}
	a.Replies, a.Value, a.Warnings, a.Score.Rationale = replies, r.value(a.Value), r.texts(a.Warnings), r.text(a.Score.Rationale)
	if a.Err != nil {
		a.Err = r.error(a.Err)
	}
	return a
}

func (r redaction) values(values []core.Value) []core.Value {
	var clean []core.Value
	for _, v := range values {
		clean = append(clean, r.value(v))
	}
	return clean
}

// value removes secrets from text values. Sounds and images are not changed: a
// sequence of bytes in them that equals a secret is a coincidence.
func (r redaction) value(v core.Value) core.Value {
	if v.IsText() {
		v.Data = r.redactor.Bytes(v.Data)
	}
	return v
}
