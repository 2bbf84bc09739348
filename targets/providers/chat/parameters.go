package chat

import (
	"encoding/json"
	"maps"
	"slices"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"
	"github.com/openai/openai-go/v3/shared"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// parameters returns the parameters of a request, without its messages: those that
// the campaign names.
func (c Config) parameters() openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{
		Model:               c.Model,
		Temperature:         floating(c.Temperature),
		TopP:                floating(c.TopP),
		PresencePenalty:     floating(c.PresencePenalty),
		FrequencyPenalty:    floating(c.FrequencyPenalty),
		MaxCompletionTokens: integer(c.MaxCompletionTokens),
		MaxTokens:           integer(c.MaxTokens),
		ReasoningEffort:     shared.ReasoningEffort(c.ReasoningEffort),
		Verbosity:           openai.ChatCompletionNewParamsVerbosity(c.Verbosity),
		ServiceTier:         openai.ChatCompletionNewParamsServiceTier(c.ServiceTier),
		Modalities:          c.Modalities,
		Tools:               tools(c.Tools),
		ToolChoice:          toolChoice(c.ToolChoice),
	}
	if c.Seed != nil {
		p.Seed = openai.Int(*c.Seed)
	}
	if c.User != "" {
		p.User = openai.String(c.User)
	}
	if c.ParallelToolCalls != nil {
		p.ParallelToolCalls = openai.Bool(*c.ParallelToolCalls)
	}
	if len(c.Stop) > 0 {
		p.Stop = openai.ChatCompletionNewParamsStopUnion{OfStringArray: c.Stop}
	}
	if len(c.LogitBias) > 0 {
		p.LogitBias = make(map[string]int64, len(c.LogitBias))
		for token, bias := range c.LogitBias {
			p.LogitBias[token] = int64(bias)
		}
	}
	if c.speaks() {
		p.Audio = openai.ChatCompletionAudioParam{
			Format: openai.ChatCompletionAudioParamFormat(c.audioFormat()),
			Voice:  openai.ChatCompletionAudioParamVoiceUnion{OfString: openai.String(c.Audio.Voice)},
		}
	}
	extra := maps.Clone(c.Parameters)
	if len(c.ResponseFormat) > 0 {
		if extra == nil {
			extra = map[string]any{}
		}
		extra["response_format"] = c.ResponseFormat
	}
	if len(extra) > 0 {
		p.SetExtraFields(extra)
	}
	return p
}

func floating(f *float64) param.Opt[float64] {
	if f == nil {
		return param.Opt[float64]{}
	}
	return openai.Float(*f)
}

func integer(n *int) param.Opt[int64] {
	if n == nil {
		return param.Opt[int64]{}
	}
	return openai.Int(int64(*n))
}

func tools(all []tool.Tool) []openai.ChatCompletionToolUnionParam {
	var params []openai.ChatCompletionToolUnionParam
	for _, t := range all {
		f := shared.FunctionDefinitionParam{Name: t.Name, Parameters: t.Parameters}
		if t.Description != "" {
			f.Description = openai.String(t.Description)
		}
		params = append(params, openai.ChatCompletionFunctionTool(f))
	}
	return params
}

func toolChoice(choice string) openai.ChatCompletionToolChoiceOptionUnionParam {
	switch choice {
	case "":
		return openai.ChatCompletionToolChoiceOptionUnionParam{}
	case "auto", "none", "required":
		return openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String(choice)}
	}
	return openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: choice})
}

// encodeParameters returns the JSON of the parameters.
func (c Config) encodeParameters() ([]byte, error) {
	data, err := json.Marshal(c.parameters())
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "the parameters cannot be encoded: %w", err).At("parameters")
	}
	return data, nil
}

// parametersGiven returns the names of the parameters that are sent because keys of
// their own name them.
func (c Config) parametersGiven() []string {
	c.Parameters = nil
	data, err := json.Marshal(c.parameters())
	if err != nil {
		return nil
	}
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // it is an object
	return slices.Sorted(maps.Keys(object))
}

// bound is the limit of a reply in tokens that the campaign names; 0 for none.
func (c Config) bound() int64 {
	switch {
	case c.MaxCompletionTokens != nil:
		return int64(*c.MaxCompletionTokens)
	case c.MaxTokens != nil:
		return int64(*c.MaxTokens)
	}
	for _, name := range []string{"max_completion_tokens", "max_tokens", "n_predict", "max_new_tokens"} {
		if n, ok := c.Parameters[name].(float64); ok {
			return int64(n)
		}
	}
	return 0
}
