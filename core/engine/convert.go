package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// converterRunner runs a trial's converters: those of its turns, and those
// between a reply and a scorer.
type converterRunner struct {
	definitions []plan.Converter
	opened      map[string]core.Converter // by their names in the campaign
	components  *componentRunner
	events      reporter
	trace       tracing
	trial       record.TrialInfo
}

// prepared is a message that is to be sent, and what the converters that made it warned
// of.
type prepared struct {
	message  core.Message
	warnings []string
}

// messages makes the messages of an exchange's turns, the first of which has
// the given index. All of them are made before the first is sent, because the
// next ones are due while the reply before plays. Where a converter fails, the
// last of the messages is the one that it failed on, with the parts made so
// far.
func (c *converterRunner) messages(ctx context.Context, index int, turns []strategy.Turn) ([]prepared, error) {
	var messages []prepared
	for i, turn := range turns {
		m, err := c.message(ctx, index, turn)
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

// message runs the parts of a turn through their converters. Where one fails,
// the message has the parts made so far.
func (c *converterRunner) message(ctx context.Context, index int, turn strategy.Turn) (prepared, error) {
	m := prepared{message: core.Message{Role: core.User, Delivery: turn.Delivery}}
	for _, p := range turn.Parts {
		part, warnings, err := c.part(ctx, index, p)
		m.message.Parts, m.warnings = append(m.message.Parts, part), append(m.warnings, warnings...)
		if err != nil {
			return m, err
		}
	}
	return m, nil
}

func (c *converterRunner) part(ctx context.Context, index int, p strategy.Part) (_ core.Part, warnings []string, err error) {
	part := core.Part{Value: p.Value}
	for _, name := range p.Converters {
		value, more, err := c.value(ctx, name, index, part.Value)
		warnings = append(warnings, more...)
		if err != nil {
			return part, warnings, err
		}
		if len(value.Data) == 0 { // an empty message would test nothing
			return part, warnings, core.Errorf(core.ErrorInput, "converter %q returned an empty value", name)
		}
		if part.Original == nil {
			original := p.Value
			part.Original = &original
		}
		part.Value = value
		part.Converters = append(part.Converters, name)
	}
	return part, warnings, nil
}

// value runs a value through one converter, for a turn, and returns what it warned of.
func (c *converterRunner) value(ctx context.Context, name string, turn int, value core.Value) (_ core.Value, warnings []string, err error) {
	started := time.Now()
	definition := converterNamed(name, c.definitions)
	ctx, end := c.trace.step(ctx, record.Step{Kind: record.StepConvert, Name: name, Turn: turn, Use: definition.Use, Config: definition.Config})
	call := record.Call{Kind: record.CallConvert, Name: name, Turn: turn, Values: []core.Value{value}}
	// A converter may succeed without its helper's answer; its value is sent
	// then.
	a, _ := c.components.run(ctx, core.KindConverter, call, func(ctx context.Context) (a record.Answer) {
		ctx, warned := core.WithWarnings(ctx)
		a.Value, a.Err = c.opened[name].Convert(ctx, value)
		a.Warnings = warned.Texts()
		return a
	})
	end(record.StepEnd{Kind: core.KindOf(a.Err)})
	ended := record.ConverterEnded{Trial: c.trial, Turn: turn, Name: name, Took: time.Since(started)}
	if err = a.Err; err != nil {
		err = fmt.Errorf("converter %q: %w", name, err)
		ended.Failure = c.events.clean.failure(err)
	}
	c.events.observe(ended)
	for _, w := range a.Warnings {
		warnings = append(warnings, fmt.Sprintf("converter %q: %s", name, w))
	}
	if err != nil {
		return core.Value{}, warnings, err
	}
	return a.Value, warnings, nil
}
