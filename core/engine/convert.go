package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// convertAll makes the messages of turns that are said in one exchange. They are
// all ready before the first of them is sent, because the next ones have no
// time to lose. Where a converter fails, the last of the messages is the one
// that it failed on, as far as it came.
func (h *holding) convertAll(ctx context.Context, turns []strategy.Turn) ([]core.Message, error) {
	var messages []core.Message
	for i, turn := range turns {
		m, err := h.convert(ctx, turn)
		messages = append(messages, m)
		if err != nil && i > 0 {
			err = fmt.Errorf("the message that is said over the reply before it (%d of %d in this exchange): %w", i+1, len(turns), err)
		}
		if err != nil {
			return messages, err
		}
	}
	return messages, nil
}

// convert runs the parts of a turn through their converters. The message is as
// far as they came where one fails.
func (h *holding) convert(ctx context.Context, turn strategy.Turn) (core.Message, error) {
	m := core.Message{Role: core.User, Delivery: turn.Delivery}
	for _, p := range turn.Parts {
		part, err := h.convertPart(ctx, p)
		m.Parts = append(m.Parts, part)
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

func (h *holding) convertPart(ctx context.Context, p strategy.Part) (core.Part, error) {
	part := core.Part{Value: p.Value}
	for _, name := range p.Converters {
		value, err := h.convertOnce(ctx, name, h.turns, part.Value)
		if err != nil {
			return part, err
		}
		if len(value.Data) == 0 { // nobody could resist that, or fail to
			return part, fmt.Errorf("converter %q: %w", name, core.Errorf(core.ErrorInput, "it made nothing of it"))
		}
		if part.Original == nil {
			original := p.Value
			part.Original = &original
		}
		part.Value = value
		part.Converters = append(part.Converters, name)
	}
	return part, nil
}

// convertOnce runs a value through one converter, for a turn.
func (h *holding) convertOnce(ctx context.Context, name string, turn int, value core.Value) (core.Value, error) {
	started := h.Now()
	component := h.converter(name)
	ctx, end := h.step(ctx, record.Step{Kind: record.StepConvert, Name: name, Turn: turn, Use: component.Use, Config: component.Config})
	call := record.Call{Kind: record.CallConvert, Name: name, Turn: turn, Values: []core.Value{value}}
	a, _ := h.work(ctx, core.KindConverter, call, func(ctx context.Context) (a record.Answer) {
		a.Value, a.Err = h.components.converters[name].Convert(ctx, value)
		return a
	}) // what it made of no answer of a helper is what is sent
	end(record.StepEnd{Kind: core.KindOf(a.Err)})
	ended := record.ConverterEnded{Trial: h.info, Turn: turn, Name: name, Took: h.Now().Sub(started)}
	err := a.Err
	if err != nil {
		err = fmt.Errorf("converter %q: %w", name, err)
		ended.Failure = h.failed(err)
	}
	h.observe(ended)
	if err != nil {
		return core.Value{}, err
	}
	return a.Value, nil
}

// converter returns a converter's definition. A plan holds all that it names.
func (h *holding) converter(name string) plan.Component {
	i := slices.IndexFunc(h.plan.Converters, func(c plan.Converter) bool { return c.Name == name })
	if i < 0 {
		return plan.Component{Name: name}
	}
	return h.plan.Converters[i].Component
}
