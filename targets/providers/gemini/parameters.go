package gemini

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/members"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// beside are the members of a request beside its contents, its system instruction
// and its generationConfig.
type beside struct {
	Tools          []*genai.Tool          `json:"tools,omitempty"`
	ToolConfig     *genai.ToolConfig      `json:"toolConfig,omitempty"`
	SafetySettings []*genai.SafetySetting `json:"safetySettings,omitempty"`
	CachedContent  string                 `json:"cachedContent,omitempty"`
}

// generationName is the member of a request that holds the parameters of sampling.
const generationName = "generationConfig"

// shared are the members of a request that all requests share, encoded.
type shared struct {
	// beside is an object, and so is generation.
	beside, generation map[string]json.RawMessage
}

// generation returns the parameters of sampling that the campaign names.
func (c Config) generation() genai.GenerationConfig {
	g := genai.GenerationConfig{
		Temperature: floating(c.Temperature), TopP: floating(c.TopP), PresencePenalty: floating(c.PresencePenalty), FrequencyPenalty: floating(c.FrequencyPenalty),
		StopSequences: c.StopSequences, Seed: c.Seed, ResponseMIMEType: c.ResponseMIMEType, MediaResolution: genai.MediaResolution(c.MediaResolution),
	}
	if c.TopK != nil {
		g.TopK = genai.Ptr(float32(*c.TopK))
	}
	if c.MaxOutputTokens != nil {
		g.MaxOutputTokens = *c.MaxOutputTokens
	}
	if len(c.ResponseJSONSchema) > 0 {
		g.ResponseJsonSchema = c.ResponseJSONSchema
	}
	for _, modality := range c.ResponseModalities {
		g.ResponseModalities = append(g.ResponseModalities, genai.Modality(strings.ToUpper(modality)))
	}
	if c.Voice != "" {
		g.SpeechConfig = &genai.SpeechConfig{VoiceConfig: &genai.VoiceConfig{PrebuiltVoiceConfig: &genai.PrebuiltVoiceConfig{VoiceName: c.Voice}}}
	}
	if t := c.Thinking; t != (Thinking{}) {
		g.ThinkingConfig = &genai.ThinkingConfig{IncludeThoughts: t.Include, ThinkingBudget: t.Budget, ThinkingLevel: genai.ThinkingLevel(t.Level)}
	}
	return g
}

func floating(f *float64) *float32 {
	if f == nil {
		return nil
	}
	return genai.Ptr(float32(*f))
}

// beside returns the other members that the campaign names.
func (c Config) beside() beside {
	b := beside{Tools: tools(c.Tools), ToolConfig: toolConfig(c.ToolChoice), CachedContent: c.CachedContent}
	for _, category := range slices.Sorted(maps.Keys(c.SafetySettings)) {
		b.SafetySettings = append(b.SafetySettings, &genai.SafetySetting{
			Category: genai.HarmCategory(category), Threshold: genai.HarmBlockThreshold(c.SafetySettings[category]),
		})
	}
	return b
}

func tools(all []tool.Tool) []*genai.Tool {
	if len(all) == 0 {
		return nil
	}
	var declarations []*genai.FunctionDeclaration
	for _, t := range all {
		f := &genai.FunctionDeclaration{Name: t.Name, Description: t.Description}
		if len(t.Parameters) > 0 {
			f.ParametersJsonSchema = t.Parameters
		}
		declarations = append(declarations, f)
	}
	return []*genai.Tool{{FunctionDeclarations: declarations}}
}

func toolConfig(choice string) *genai.ToolConfig {
	calling := &genai.FunctionCallingConfig{}
	switch choice {
	case "":
		return nil
	case "auto":
		calling.Mode = genai.FunctionCallingConfigModeAuto
	case "none":
		calling.Mode = genai.FunctionCallingConfigModeNone
	case "required":
		calling.Mode = genai.FunctionCallingConfigModeAny
	default:
		calling.Mode, calling.AllowedFunctionNames = genai.FunctionCallingConfigModeAny, []string{choice}
	}
	return &genai.ToolConfig{FunctionCallingConfig: calling}
}

// own returns the members that keys of their own name.
func (c Config) own() (shared, error) {
	var m shared
	var err error
	if m.beside, err = members.Of(c.beside()); err != nil {
		return shared{}, err
	}
	m.generation, err = members.Of(c.generation())
	return m, err
}

// parameters returns all members that the campaign names.
func (c Config) parameters() (shared, error) {
	m, err := c.own()
	if err != nil {
		return shared{}, err
	}
	further, err := members.Of(c.Parameters)
	if err != nil {
		return shared{}, err
	}
	var generation map[string]json.RawMessage
	if data, ok := further[generationName]; ok {
		if err := json.Unmarshal(data, &generation); err != nil {
			return shared{}, wrong("parameters."+generationName, "generationConfig is not an object").WithHint("as in {logprobs: 2}")
		}
		delete(further, generationName)
	}
	maps.Copy(m.beside, further)
	maps.Copy(m.generation, generation)
	return m, nil
}

// bound is the limit of a reply in tokens that the campaign names; 0 for none.
func (c Config) bound() int64 {
	if c.MaxOutputTokens != nil {
		return int64(*c.MaxOutputTokens)
	}
	generation, _ := c.Parameters[generationName].(map[string]any)
	if n, ok := generation["maxOutputTokens"].(float64); ok {
		return int64(n)
	}
	return 0
}

// keysOf are the configuration keys of the members of a request, by their names in
// lower case and without underscores.
func (c Config) keysOf() map[string]string {
	keys := map[string]string{"model": "model", "systeminstruction": "system_role"}
	own, _ := c.own() // what is wrong with it was found before
	for wire, key := range map[string]string{
		"temperature": "temperature", "topP": "top_p", "topK": "top_k", "maxOutputTokens": "max_output_tokens", "stopSequences": "stop_sequences",
		"presencePenalty": "presence_penalty", "frequencyPenalty": "frequency_penalty", "responseMimeType": "response_mime_type",
		"responseJsonSchema": "response_json_schema", "responseModalities": "response_modalities", "speechConfig": "voice", "seed": "seed",
		"mediaResolution": "media_resolution", "thinkingConfig": "thinking", "tools": "tools", "toolConfig": "tool_choice",
		"safetySettings": "safety_settings", "cachedContent": "cached_content",
	} {
		if own.beside[wire] != nil || own.generation[wire] != nil {
			keys[plain(wire)] = key
		}
	}
	if keys["thinkingconfig"] != "" {
		keys["thinkingbudget"], keys["thinkinglevel"] = "thinking.budget", "thinking.level"
	}
	if c.SeedPerTrial {
		keys["seed"] = "seed_per_trial"
	}
	for name, value := range c.Parameters {
		keys[plain(name)] = "parameters." + name
		generation, ok := value.(map[string]any)
		if name != generationName || !ok {
			continue
		}
		for inner := range generation {
			keys[plain(inner)] = "parameters." + name + "." + inner
		}
	}
	return keys
}

// plain is a name as keysOf has it: Google's servers write one in either form.
func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
