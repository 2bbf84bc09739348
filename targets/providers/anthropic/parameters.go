package anthropic

import (
	"encoding/json"
	"maps"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// named returns the parameters that keys of their own name.
func (c Config) named() anthropic.MessageNewParams {
	p := anthropic.MessageNewParams{
		Model: c.Model, MaxTokens: int64(c.MaxTokens), StopSequences: c.StopSequences,
		ServiceTier: anthropic.MessageNewParamsServiceTier(c.ServiceTier), Thinking: c.Thinking.param(),
		OutputConfig: anthropic.OutputConfigParam{Effort: anthropic.OutputConfigEffort(c.Effort)},
		Tools:        tools(c.Tools), ToolChoice: c.toolChoice(),
	}
	if c.Temperature != nil {
		p.Temperature = anthropic.Float(*c.Temperature)
	}
	if c.TopP != nil {
		p.TopP = anthropic.Float(*c.TopP)
	}
	if c.TopK != nil {
		p.TopK = anthropic.Int(int64(*c.TopK))
	}
	if c.User != "" {
		p.Metadata.UserID = anthropic.String(c.User)
	}
	return p
}

func (t Thinking) param() anthropic.ThinkingConfigParamUnion {
	switch t.Type {
	case "enabled":
		return anthropic.ThinkingConfigParamUnion{OfEnabled: &anthropic.ThinkingConfigEnabledParam{
			BudgetTokens: int64(t.BudgetTokens), Display: anthropic.ThinkingConfigEnabledDisplay(t.Display),
		}}
	case "adaptive":
		return anthropic.ThinkingConfigParamUnion{OfAdaptive: &anthropic.ThinkingConfigAdaptiveParam{Display: anthropic.ThinkingConfigAdaptiveDisplay(t.Display)}}
	case "disabled":
		return anthropic.ThinkingConfigParamUnion{OfDisabled: &anthropic.ThinkingConfigDisabledParam{}}
	}
	return anthropic.ThinkingConfigParamUnion{}
}

func tools(all []tool.Tool) []anthropic.ToolUnionParam {
	var params []anthropic.ToolUnionParam
	for _, t := range all {
		schema := maps.Clone(t.Parameters)
		delete(schema, "type") // the SDK writes it: a schema has to be one of an object
		p := anthropic.ToolParam{Name: t.Name, InputSchema: anthropic.ToolInputSchemaParam{Type: "object", ExtraFields: schema}}
		if t.Description != "" {
			p.Description = anthropic.String(t.Description)
		}
		params = append(params, anthropic.ToolUnionParam{OfTool: &p})
	}
	return params
}

func (c Config) toolChoice() anthropic.ToolChoiceUnionParam {
	var choice anthropic.ToolChoiceUnionParam
	switch c.ToolChoice {
	case "":
		if c.ParallelToolCalls == nil {
			return choice
		}
		choice.OfAuto = &anthropic.ToolChoiceAutoParam{}
	case "auto":
		choice.OfAuto = &anthropic.ToolChoiceAutoParam{}
	case "none":
		choice.OfNone = &anthropic.ToolChoiceNoneParam{}
	case "required":
		choice.OfAny = &anthropic.ToolChoiceAnyParam{}
	default:
		choice.OfTool = &anthropic.ToolChoiceToolParam{Name: c.ToolChoice}
	}
	if c.ParallelToolCalls == nil {
		return choice
	}
	disabled := anthropic.Bool(!*c.ParallelToolCalls)
	switch {
	case choice.OfAuto != nil:
		choice.OfAuto.DisableParallelToolUse = disabled
	case choice.OfAny != nil:
		choice.OfAny.DisableParallelToolUse = disabled
	case choice.OfTool != nil:
		choice.OfTool.DisableParallelToolUse = disabled
	}
	return choice
}

// own returns the encoded members that keys of their own name.
func (c Config) own() (map[string]json.RawMessage, error) {
	own, err := members.Of(c.named())
	delete(own, "messages")
	return own, err
}

// parameters returns all members of a request that the campaign names.
func (c Config) parameters() (map[string]json.RawMessage, error) {
	all, err := c.own()
	if err != nil {
		return nil, err
	}
	further, err := members.Of(c.Parameters)
	if err != nil {
		return nil, err
	}
	maps.Copy(all, further)
	if c.Stream {
		all["stream"] = json.RawMessage("true")
	}
	return all, nil
}

// keysOf are the configuration keys of the members of a request, by their names.
func (c Config) keysOf() map[string]string {
	keys := map[string]string{"model": "model"}
	own, _ := c.own() // what is wrong with it was found before
	for name := range own {
		keys[name] = name
	}
	for wire, key := range map[string]string{"output_config": "effort", "metadata": "user"} {
		if own[wire] != nil {
			keys[wire] = key
		}
	}
	if own["output_config"] != nil {
		keys["effort"] = "effort"
	}
	if own["thinking"] != nil {
		keys["budget_tokens"] = "thinking.budget_tokens"
	}
	for name := range c.Parameters {
		keys[name] = "parameters." + name
	}
	return keys
}
