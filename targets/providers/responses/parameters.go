package responses

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/responses"
	"github.com/openai/openai-go/v3/shared"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// parameters returns the parameters of a request, without its input: those that the
// campaign names, and those that keep the conversation here and whole.
func (c Config) parameters() (responses.ResponseNewParams, error) {
	p := responses.ResponseNewParams{
		Model:           c.Model,
		Store:           openai.Bool(false),
		Truncation:      responses.ResponseNewParamsTruncationDisabled,
		MaxOutputTokens: integer(c.MaxOutputTokens),
		MaxToolCalls:    integer(c.MaxToolCalls),
		ServiceTier:     responses.ResponseNewParamsServiceTier(c.ServiceTier),
		Reasoning: shared.ReasoningParam{
			Effort: shared.ReasoningEffort(c.ReasoningEffort), Summary: shared.ReasoningSummary(c.ReasoningSummary),
		},
		Text:       responses.ResponseTextConfigParam{Verbosity: responses.ResponseTextConfigVerbosity(c.Verbosity)},
		ToolChoice: toolChoice(c.ToolChoice),
	}
	if c.Temperature != nil {
		p.Temperature = openai.Float(*c.Temperature)
	}
	if c.TopP != nil {
		p.TopP = openai.Float(*c.TopP)
	}
	if c.ParallelToolCalls != nil {
		p.ParallelToolCalls = openai.Bool(*c.ParallelToolCalls)
	}
	if c.SafetyIdentifier != "" {
		p.SafetyIdentifier = openai.String(c.SafetyIdentifier)
	}
	if len(c.TextFormat) > 0 {
		p.Text.SetExtraFields(map[string]any{"format": c.TextFormat})
	}
	if err := c.addTools(&p); err != nil {
		return p, err
	}
	if len(c.Parameters) > 0 {
		p.SetExtraFields(c.Parameters)
	}
	return p, nil
}

func (c Config) addTools(p *responses.ResponseNewParams) error {
	for _, t := range c.Tools {
		f := responses.FunctionToolParam{Name: t.Name, Parameters: t.Parameters, Strict: openai.Bool(false)}
		if f.Parameters == nil {
			f.Parameters = map[string]any{"type": "object", "properties": map[string]any{}}
		}
		if t.Description != "" {
			f.Description = openai.String(t.Description)
		}
		p.Tools = append(p.Tools, responses.ToolUnionParam{OfFunction: &f})
	}
	for _, t := range c.HostedTools {
		encoded, err := json.Marshal(t)
		if err != nil {
			return core.Errorf(core.ErrorConfig, "the tool cannot be encoded: %w", err).At("hosted_tools")
		}
		p.Tools = append(p.Tools, param.Override[responses.ToolUnionParam](json.RawMessage(encoded)))
	}
	return nil
}

func integer(n *int) param.Opt[int64] {
	if n == nil {
		return param.Opt[int64]{}
	}
	return openai.Int(int64(*n))
}

func toolChoice(choice string) responses.ResponseNewParamsToolChoiceUnion {
	switch choice {
	case "":
		return responses.ResponseNewParamsToolChoiceUnion{}
	case "auto", "none", "required":
		return responses.ResponseNewParamsToolChoiceUnion{OfToolChoiceMode: param.NewOpt(responses.ToolChoiceOptions(choice))}
	}
	return responses.ResponseNewParamsToolChoiceUnion{OfFunctionTool: &responses.ToolChoiceFunctionParam{Name: choice}}
}

// encodeParameters returns the JSON of the parameters.
func (c Config) encodeParameters() ([]byte, error) {
	p, err := c.parameters()
	if err != nil {
		return nil, err
	}
	data, err := json.Marshal(p)
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "the parameters cannot be encoded: %w", err).At("parameters")
	}
	return data, nil
}

// parametersGiven returns the names of the parameters that are sent because keys of
// their own name them, or always.
func (c Config) parametersGiven() []string {
	c.Parameters = nil
	data, err := c.encodeParameters()
	if err != nil {
		return nil
	}
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // it is an object
	return slices.Sorted(maps.Keys(object))
}

// keyOf returns the configuration key that a parameter of the protocol comes from, ""
// for none.
func (c Config) keyOf(name string) string {
	for parameter, key := range map[string]string{
		"reasoning.effort": "reasoning_effort", "reasoning.summary": "reasoning_summary", "text.format": "text_format", "text.verbosity": "verbosity",
	} {
		if name == parameter || strings.HasPrefix(name, parameter+".") {
			return key
		}
	}
	if i := strings.IndexAny(name, ".["); i > 0 {
		name = name[:i]
	}
	if _, ok := c.Parameters[name]; ok {
		return "parameters." + name
	}
	if _, ok := taken()[name]; ok && name != "model" && name != "tools" {
		return ""
	}
	if slices.Contains(c.parametersGiven(), name) {
		return name
	}
	return ""
}
