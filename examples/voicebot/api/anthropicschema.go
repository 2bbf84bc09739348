package api

import (
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// anthropicSchema checks a request of Anthropic's Messages API.
func anthropicSchema() strict.Check {
	cache := strict.OrNull(strict.Object(strict.Keys{"type": strict.OneOf("ephemeral"), "ttl": strict.OneOf("5m", "1h")}, "type"))
	text := strict.Object(strict.Keys{"type": strict.Text, "text": strict.Filled(maxJSON), "cache_control": cache}, "text")
	image := strict.Object(strict.Keys{"type": strict.Text, "cache_control": cache, "source": strict.By("type", strict.Keys{
		"base64": strict.Object(strict.Keys{
			"type": strict.Text, "data": strict.Text, "media_type": strict.OneOf("image/png", "image/jpeg", "image/gif"),
		}, "data", "media_type"),
	})}, "source")
	result := strict.Object(strict.Keys{
		"type": strict.Text, "tool_use_id": strict.Filled(maxText), "is_error": strict.Bool, "cache_control": cache,
		"content": strict.TextOr(strict.List(0, strict.By("type", strict.Keys{"text": text, "image": image}))),
	}, "tool_use_id")
	use := strict.Object(strict.Keys{
		"type": strict.Text, "id": strict.Filled(maxText), "name": strict.Filled(maxName), "input": strict.Map, "cache_control": cache,
	}, "id", "name", "input")
	message := strict.By("role", strict.Keys{
		"user": strict.Object(strict.Keys{"role": strict.Text, "content": strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
			"text": text, "image": image, "tool_result": result,
		})))}, "content"),
		"assistant": strict.Object(strict.Keys{"role": strict.Text, "content": strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
			"text": text, "tool_use": use,
		})))}, "content"),
	})
	return strict.Object(strict.Keys{
		"model": strict.Filled(maxText), "max_tokens": strict.Integer(1, maxWords), "messages": strict.List(1, message), "stream": strict.Bool,
		"system":         strict.TextOr(strict.List(0, strict.By("type", strict.Keys{"text": text}))),
		"stop_sequences": strict.List(0, strict.Text), "temperature": strict.Number(0, 1), "top_p": strict.Number(0, 1), "top_k": strict.Integer(0, maxWords),
		"metadata": strict.Object(strict.Keys{"user_id": strict.OrNull(strict.Text)}), "service_tier": strict.OneOf("auto", "standard_only"),
		"thinking": strict.By("type", strict.Keys{"disabled": strict.Object(strict.Keys{"type": strict.Text})}), "cache_control": cache,
		"tools": strict.List(0, strict.Object(strict.Keys{
			"type": strict.OrNull(strict.OneOf("custom")), "name": toolName, "description": strict.Text, "input_schema": strict.Map, "cache_control": cache,
			"strict": strict.Bool,
		}, "name", "input_schema")),
		"tool_choice": strict.Object(strict.Keys{
			"type": strict.OneOf("auto", "any", "tool", "none"), "name": strict.Text, "disable_parallel_tool_use": strict.Bool,
		}, "type"),
	}, "model", "max_tokens", "messages")
}
