package api

import (
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

const (
	maxName  = 64      // characters of the name of a tool
	maxText  = 512     // characters of names and identifiers
	maxWords = 1 << 20 // tokens that a client may allow a reply
)

// chatSchema checks a request for a chat completion. Keys that have no effect on an
// agent that always answers alike, such as the temperature, are checked all the same.
func chatSchema() strict.Check {
	object := strict.Object(strict.Keys{
		"model": strict.Filled(maxText), "messages": strict.List(1, messageSchema()),
		"stream": nullBool(), "stream_options": strict.OrNull(strict.Object(strict.Keys{
			"include_usage": nullBool(), "include_obfuscation": nullBool(),
		})),
		"max_tokens": nullWords(1), "max_completion_tokens": nullWords(1),
		"temperature": nullNumber(0, 2), "top_p": nullNumber(0, 1), "seed": strict.OrNull(strict.Integer(-1<<63, 1<<63)),
		"frequency_penalty": nullNumber(-2, 2), "presence_penalty": nullNumber(-2, 2), "logit_bias": strict.OrNull(strict.Map),
		"stop":       strict.OrNull(strict.TextOr(strict.List(1, strict.Text))),
		"n":          strict.OrNull(strict.Only(1.0, strict.Integer(1, 128))),
		"modalities": strict.OrNull(strict.List(1, strict.OneOf("text", "audio"))),
		"audio": strict.OrNull(strict.Object(strict.Keys{
			"format": strict.OneOf("wav", "pcm16"), "voice": strict.TextOr(strict.Object(strict.Keys{"id": strict.Text}, "id")),
		}, "format", "voice")),
		"response_format": strict.OrNull(onlyText()),
		"tools":           strict.OrNull(strict.List(0, chatToolSchema())), "parallel_tool_calls": nullBool(),
		"tool_choice": strict.OrNull(strict.TextOr(strict.Object(strict.Keys{
			"type": strict.OneOf("function"), "function": strict.Object(strict.Keys{"name": strict.Text}, "name"),
		}, "type", "function"))),
		"logprobs": strict.OrNull(strict.Only(false, strict.Bool)), "top_logprobs": strict.Never,
		"reasoning_effort": strict.OrNull(effort()), "verbosity": strict.OrNull(verbosity()),
		"metadata": strict.OrNull(metadata()), "store": nullBool(), "user": nullText(), "safety_identifier": nullText(),
		"service_tier": strict.OrNull(tier()), "prompt_cache_key": nullText(), "prompt_cache_retention": nullText(),
		"prompt_cache_options": strict.Never, "prediction": strict.Never, "web_search_options": strict.Never, "moderation": strict.Never,
		"functions": strict.Never, "function_call": strict.Never,
	}, "model", "messages")
	return func(path string, v any) *strict.Problem {
		if problem := object(path, v); problem != nil {
			return problem
		}
		return chatTogether(v.(map[string]any))
	}
}

// chatTogether checks keys that depend on each other.
func chatTogether(request map[string]any) *strict.Problem {
	streams, _ := request["stream"].(bool)
	audio := false
	if modalities, ok := request["modalities"].([]any); ok {
		for _, m := range modalities {
			audio = audio || m == "audio"
		}
	}
	settings, _ := request["audio"].(map[string]any)
	switch {
	case request["stream_options"] != nil && !streams:
		return strict.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
	case request["max_tokens"] != nil && request["max_completion_tokens"] != nil:
		return strict.Invalid("max_tokens", "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.")
	case audio && settings == nil:
		return strict.Missing("audio")
	case settings != nil && !audio:
		return strict.Invalid("modalities", "The 'audio' parameter requires the modality 'audio'.")
	case audio && streams && settings["format"] != "pcm16":
		return strict.Invalid("audio.format", "Audio can be streamed in the format 'pcm16' only.")
	}
	return nil
}

func messageSchema() strict.Check {
	text := strict.TextOr(strict.List(1, strict.By("type", strict.Keys{"text": textPart("text")})))
	name := strict.OrNull(strict.Filled(maxText))
	instructions := strict.Object(strict.Keys{"role": strict.Text, "content": text, "name": name}, "content")
	return strict.By("role", strict.Keys{
		"system": instructions, "developer": instructions,
		"user": strict.Object(strict.Keys{
			"role": strict.Text, "name": name, "content": strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
				"text": textPart("text"),
				"image_url": strict.Object(strict.Keys{"type": strict.Text, "image_url": strict.Object(strict.Keys{
					"url": strict.Text, "detail": strict.OneOf("auto", "low", "high", "original"),
				}, "url")}, "image_url"),
				"input_audio": strict.Object(strict.Keys{"type": strict.Text, "input_audio": soundSchema()}, "input_audio"),
			}))),
		}, "content"),
		"assistant": strict.Object(strict.Keys{
			"role": strict.Text, "name": name, "refusal": nullText(), "function_call": strict.Never,
			"annotations": strict.OrNull(strict.List(0, strict.Map)), // of a reply that is sent back as it came
			"content": strict.OrNull(strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
				"text": textPart("text"), "refusal": textPart("refusal"),
			})))),
			"audio": strict.OrNull(strict.Object(strict.Keys{"id": strict.Text}, "id")),
			"tool_calls": strict.OrNull(strict.List(1, strict.Object(strict.Keys{
				"id": strict.Filled(maxText), "type": strict.OneOf("function"),
				"function": strict.Object(strict.Keys{"name": strict.Filled(maxName), "arguments": strict.Text}, "name", "arguments"),
			}, "id", "type", "function"))),
		}),
		"tool": strict.Object(strict.Keys{"role": strict.Text, "content": text, "tool_call_id": strict.Filled(maxText)}, "content", "tool_call_id"),
	})
}

func chatToolSchema() strict.Check {
	return strict.Object(strict.Keys{"type": strict.OneOf("function"), "function": strict.Object(strict.Keys{
		"name": toolName, "description": nullText(), "parameters": strict.OrNull(strict.Map), "strict": nullBool(),
	}, "name")}, "type", "function")
}

func soundSchema() strict.Check {
	return strict.Object(strict.Keys{"data": strict.Text, "format": strict.Only("wav", strict.OneOf("wav", "mp3"))}, "data", "format")
}
