package telemetry

import (
	"context"
	"encoding/json"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// The attributes of spans. Those that begin with gen_ai. are of version 1.41 of
// OpenTelemetry's semantic conventions, in which they are not stable yet.
const (
	keyCampaign  = "orchestrator.campaign"
	keyRun       = "orchestrator.run"
	keyTrial     = "orchestrator.trial"
	keyAttack    = "orchestrator.attack"
	keyOutcome   = "orchestrator.outcome"
	keyTurn      = "orchestrator.turn"
	keyComponent = "orchestrator.component"
	keyUse       = "orchestrator.use"
	keyPlugin    = "orchestrator.plugin"

	keyErrorType   = "error.type"
	keyOperation   = "gen_ai.operation.name"
	keyModel       = "gen_ai.request.model"
	keyUsageInput  = "gen_ai.usage.input_tokens"
	keyUsageOutput = "gen_ai.usage.output_tokens"
	keyUsageCached = "gen_ai.usage.cache_read.input_tokens"
	keyFinish      = "gen_ai.response.finish_reasons"
	keyInput       = "gen_ai.input.messages"
	keyOutput      = "gen_ai.output.messages"
	keyScorer      = "gen_ai.evaluation.name"
	keyScore       = "gen_ai.evaluation.score.value"
)

// Begin implements [engine.Tracer].
func (t *Traces) Begin(ctx context.Context, s record.Step) (context.Context, func(record.StepEnd)) {
	kind := trace.SpanKindInternal
	if s.Kind == record.StepSend || s.Kind == record.StepStart {
		kind = trace.SpanKindClient
	}
	ctx, span := t.tracer.Start(ctx, t.clean(nameOf(s)), trace.WithSpanKind(kind))
	if s.Kind == record.StepRun {
		id := span.SpanContext().TraceID()
		t.traceID.Store(&id)
	}
	if !span.IsRecording() {
		return ctx, func(record.StepEnd) { span.End() }
	}
	span.SetAttributes(t.attributesOf(s)...)
	return ctx, func(e record.StepEnd) {
		span.SetAttributes(t.endOf(s, e)...)
		if e.Kind != "" { // without the error's text, which may quote a conversation
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

func nameOf(s record.Step) string {
	switch s.Kind {
	case record.StepTrial, record.StepTurn:
		return string(s.Kind) // span names should have a low cardinality
	case record.StepSend:
		return strings.TrimSpace("chat " + modelOf(s))
	}
	return string(s.Kind) + " " + s.Name
}

// modelOf returns the key "model" of a target's configuration, or "" if there is
// none or it contains a secret reference.
func modelOf(s record.Step) string {
	var config struct {
		Model string `json:"model"`
	}
	if json.Unmarshal(s.Config, &config) != nil || strings.Contains(config.Model, "${") {
		return ""
	}
	return config.Model
}

func (t *Traces) attributesOf(s record.Step) []attribute.KeyValue {
	var a attributes
	switch s.Kind {
	case record.StepRun:
		a.text(keyCampaign, t.clean(s.Name))
	case record.StepTrial:
		a.text(keyRun, t.runID())
		a.text(keyTrial, t.clean(s.Name))
		a.text(keyAttack, t.clean(s.Attack))
	case record.StepTurn:
		a.number(keyTurn, int64(s.Turn+1))
	case record.StepSend:
		a.text(keyOperation, "chat")
		a.text(keyModel, t.clean(modelOf(s)))
	case record.StepScore:
		a.text(keyScorer, t.clean(s.Name))
	}
	if s.Use != "" {
		a.text(keyComponent, t.clean(s.Name))
		a.text(keyUse, t.clean(s.Use))
	}
	if t.contents && len(s.Sent) > 0 {
		a.text(keyInput, t.said(s.Sent, nil))
	}
	return a
}

func (t *Traces) endOf(s record.Step, e record.StepEnd) []attribute.KeyValue {
	var a attributes
	a.text(keyErrorType, string(e.Kind))
	a.text(keyOutcome, string(e.Outcome))
	if s.Kind == record.StepRun {
		a.text(keyRun, t.runID())
	}
	if s.Kind == record.StepScore && e.Score.Type != core.ScoreUnknown {
		a = append(a, attribute.Float64(keyScore, e.Score.Value))
	}
	if s.Kind != record.StepSend {
		return a
	}
	var used core.Usage
	var finish []string
	var messages []core.Message
	for _, r := range e.Replies {
		used = used.Add(r.Usage)
		finish = append(finish, string(r.Finish))
		messages = append(messages, r.Message)
	}
	a.number(keyUsageInput, used.InputTokens)
	a.number(keyUsageOutput, used.OutputTokens)
	a.number(keyUsageCached, used.CachedInputTokens)
	if len(finish) > 0 {
		a = append(a, attribute.StringSlice(keyFinish, finish))
	}
	if t.contents && len(messages) > 0 {
		a.text(keyOutput, t.said(messages, finish))
	}
	return a
}

func (t *Traces) runID() string {
	if id := t.run.Load(); id != nil {
		return *id
	}
	return ""
}

// attributes collects attributes without empty texts and zeros.
type attributes []attribute.KeyValue

func (a *attributes) text(key, value string) {
	if value != "" {
		*a = append(*a, attribute.String(key, value))
	}
}

func (a *attributes) number(key string, value int64) {
	if value != 0 {
		*a = append(*a, attribute.Int64(key, value))
	}
}

// said returns messages as JSON in the form of the semantic conventions: text and
// tool calls with their content, other parts with their modality only.
func (t *Traces) said(messages []core.Message, finish []string) string {
	type part struct {
		Type     string `json:"type"`
		Content  string `json:"content,omitempty"`
		Modality string `json:"modality,omitempty"`
	}
	type message struct {
		Role   string `json:"role"`
		Parts  []part `json:"parts"`
		Finish string `json:"finish_reason,omitempty"`
	}
	var all []message
	for i, m := range messages {
		one := message{Role: string(m.Role), Parts: []part{}}
		for _, p := range m.Parts {
			if p.IsText() {
				one.Parts = append(one.Parts, part{Type: string(p.Modality), Content: t.clean(string(p.Data))})
			} else {
				one.Parts = append(one.Parts, part{Type: "blob", Modality: string(p.Modality)})
			}
		}
		if i < len(finish) {
			one.Finish = finish[i]
		}
		all = append(all, one)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return "" // cannot happen: strings always encode
	}
	return string(text)
}
