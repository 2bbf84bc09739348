package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// evidence holds the values of a reply that scorers judge, computed once for
// each on: and via:.
type evidence struct {
	converters *converterRunner
	// turn is the index of the reply's turn.
	turn  int
	reply core.Message
	made  map[string]judgedValues
}

// judgedValues are the values that a scorer judges. Where a converter failed,
// err says why and the values are those made before.
type judgedValues struct {
	values []core.Value
	// warnings are those of the converters.
	warnings []string
	err      error
}

// valuesFor returns the values that a scorer judges.
func (e *evidence) valuesFor(ctx context.Context, s plan.Scorer) judgedValues {
	key := fmt.Sprint(judgedModality(s), s.AsText) + "\n" + strings.Join(s.Via, "\n")
	if made, ok := e.made[key]; ok {
		return made
	}
	var made judgedValues
	for _, value := range e.valuesOf(s) {
		if isBlank(value) {
			continue
		}
		for _, name := range s.Via {
			if made.err != nil {
				break
			}
			converted, warnings, err := e.converters.value(ctx, name, e.turn, value)
			made.warnings, made.err = append(made.warnings, warnings...), err
			if err == nil {
				value = converted
			}
		}
		made.values = append(made.values, value)
	}
	e.made[key] = made
	for _, w := range made.warnings {
		e.converters.events.warn(e.converters.trial, "turn %d: %s", e.turn+1, w)
	}
	return made
}

// valuesOf returns the reply's values that a scorer judges, in the form in which it
// takes them.
func (e *evidence) valuesOf(s plan.Scorer) []core.Value {
	switch on := judgedModality(s); {
	case on == core.Audio:
		return sounds(e.reply)
	case on == core.ToolCall && s.AsText:
		return callsInWords(e.reply)
	case on == core.Reasoning:
		values := e.reply.Of(on)
		for i := range values {
			values[i].Modality = core.Text
		}
		return values
	default:
		return e.reply.Of(on)
	}
}

// transcriptOf returns a conversation for scorers: its history, and the
// messages since. Only the last message has its sounds and images, because
// every scorer gets the transcript after every turn.
func transcriptOf(systemPrompt string, history, said []core.Message) []core.Message {
	var all []core.Message
	if systemPrompt != "" {
		all = append(all, core.Message{Role: core.System, Parts: []core.Part{{Value: core.TextValue(systemPrompt)}}})
	}
	all = append(all, history...)
	last := len(said) - 1
	for _, m := range said[:last] {
		all = append(all, inWords(m))
	}
	return append(all, said[last])
}

// inWords returns a message's texts, and the texts from which its sounds and
// images were made.
func inWords(m core.Message) core.Message {
	words := core.Message{Role: m.Role, Delivery: m.Delivery}
	for _, p := range m.Parts {
		switch {
		case p.IsText():
			if p.Original != nil && !p.Original.IsText() {
				p.Original = nil
			}
		case p.Original != nil && p.Original.IsText():
			p = core.Part{Value: *p.Original}
		default:
			continue
		}
		words.Parts = append(words.Parts, p)
	}
	return words
}
