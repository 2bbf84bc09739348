package openaiapi

import (
	"slices"
	"strings"
)

// Ending is what a service's reason for the end of a reply says of it.
type Ending int

// The endings. The zero value is a reason that is not known, which proves nothing.
const (
	Unknown Ending = iota
	// Whole: the model said all that it wanted to, or calls a tool.
	Whole
	// Cut: a limit ended the reply.
	Cut
	// Filtered: a content filter or guardrail ended it, or the provider refused.
	Filtered
	// Failed: the service broke off.
	Failed
)

// EndingOf reads a reason: those of OpenAI, and those of the models behind gateways,
// which some of them hand on as they are. Capitals do not count, nor does what follows a
// colon, as in "content_filter: PROHIBITED_CONTENT".
func EndingOf(reason string) Ending {
	name, _, _ := strings.Cut(strings.ToLower(reason), ":")
	name = strings.TrimSpace(name)
	for _, group := range []struct {
		ending Ending
		names  []string
	}{
		{Whole, []string{"stop", "tool_calls", "function_call"}},
		{Cut, []string{"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"}},
		{Filtered, []string{
			"content_filter", "content_filtered", "guardrail_intervened", "refusal", // Bedrock, Anthropic
			"safety", "recitation", "blocklist", "prohibited_content", "spii", // Gemini
			"image_safety", "image_prohibited_content", "image_recitation",
			"sensitive", // Zhipu
		}},
		{Failed, []string{"error", "network_error", "insufficient_system_resource", "abort"}}, // OpenRouter and Mistral, Zhipu, DeepSeek, vLLM
	} {
		if slices.Contains(group.names, name) {
			return group.ending
		}
	}
	return Unknown
}
