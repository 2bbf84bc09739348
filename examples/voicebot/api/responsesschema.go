package api

import (
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// minOutput is the smallest max_output_tokens that the protocol allows.
const minOutput = 16

// responsesSchema checks a request of the responses API.
func responsesSchema() strict.Check {
	object := strict.Object(strict.Keys{
		"model": strict.Filled(maxText), "input": strict.TextOr(strict.List(1, itemSchema)),
		"instructions": nullText(), "stream": nullBool(),
		"stream_options":    strict.OrNull(strict.Object(strict.Keys{"include_obfuscation": nullBool()})),
		"max_output_tokens": nullWords(minOutput), "max_tool_calls": strict.OrNull(strict.Integer(1, maxWords)),
		"temperature": nullNumber(0, 2), "top_p": nullNumber(0, 1), "top_logprobs": strict.OrNull(strict.Only(0.0, strict.Integer(0, 20))),
		"previous_response_id": nullText(), "store": nullBool(),
		"truncation": strict.OrNull(strict.OneOf("auto", "disabled")),
		"reasoning": strict.OrNull(strict.Object(strict.Keys{
			"effort": strict.OrNull(effort()), "summary": strict.OrNull(strict.OneOf("auto", "concise", "detailed")),
			"generate_summary": strict.OrNull(strict.OneOf("auto", "concise", "detailed")),
		})),
		"text":    strict.OrNull(strict.Object(strict.Keys{"format": onlyText(), "verbosity": strict.OrNull(verbosity())})),
		"include": strict.OrNull(strict.List(0, strict.OneOf("reasoning.encrypted_content", "message.input_image.image_url"))),
		"tools":   strict.OrNull(strict.List(0, responsesToolSchema())), "parallel_tool_calls": nullBool(),
		"tool_choice": strict.OrNull(strict.TextOr(strict.Object(strict.Keys{"type": strict.OneOf("function"), "name": strict.Text}, "type", "name"))),
		"metadata":    strict.OrNull(metadata()), "user": nullText(), "safety_identifier": nullText(), "service_tier": strict.OrNull(tier()),
		"prompt_cache_key": nullText(), "prompt_cache_retention": nullText(), "background": strict.OrNull(strict.Only(false, strict.Bool)),
		"conversation": strict.Never, "prompt": strict.Never, "context_management": strict.Never, "moderation": strict.Never,
		"prompt_cache_options": strict.Never, "access_programs": strict.Never, "image": strict.Never,
	}, "model", "input")
	return func(path string, v any) *strict.Problem {
		if problem := object(path, v); problem != nil {
			return problem
		}
		request := v.(map[string]any)
		if streams, _ := request["stream"].(bool); request["stream_options"] != nil && !streams {
			return strict.Invalid("stream_options", "The 'stream_options' parameter is only allowed when 'stream' is enabled.")
		}
		return nil
	}
}

func responsesToolSchema() strict.Check {
	return strict.By("type", strict.Keys{"function": strict.Object(strict.Keys{
		"type": strict.Text, "name": toolName, "description": nullText(), "parameters": strict.OrNull(strict.Map), "strict": nullBool(),
	}, "name", "parameters")})
}

// itemSchema checks an item of the input. A message may leave out its type.
func itemSchema(path string, v any) *strict.Problem {
	if object, ok := v.(map[string]any); ok && object["type"] == nil && object["role"] != nil {
		return messageItemSchema()(path, v)
	}
	status := strict.OrNull(strict.OneOf("in_progress", "completed", "incomplete"))
	id := strict.OrNull(strict.Filled(maxText))
	return strict.By("type", strict.Keys{
		"message": messageItemSchema(),
		"function_call": strict.Object(strict.Keys{
			"type": strict.Text, "id": id, "status": status, "call_id": strict.Filled(maxText), "name": strict.Filled(maxName), "arguments": strict.Text,
		}, "call_id", "name", "arguments"),
		"function_call_output": strict.Object(strict.Keys{
			"type": strict.Text, "id": id, "status": status, "call_id": strict.Filled(maxText),
			"output": strict.TextOr(strict.List(1, strict.By("type", strict.Keys{"input_text": textPart("text")}))),
		}, "call_id", "output"),
		"reasoning": strict.Object(strict.Keys{
			"type": strict.Text, "id": strict.Filled(maxText), "status": status, "encrypted_content": nullText(),
			"summary": strict.List(0, strict.By("type", strict.Keys{"summary_text": textPart("text")})),
			"content": strict.OrNull(strict.List(0, strict.By("type", strict.Keys{"reasoning_text": textPart("text")}))),
		}, "id", "summary"),
	})(path, v)
}

func messageItemSchema() strict.Check {
	keys := func(content strict.Check) strict.Check {
		return strict.Object(strict.Keys{
			"type": strict.Text, "role": strict.Text, "content": content, "id": strict.OrNull(strict.Filled(maxText)),
			"status": strict.OrNull(strict.OneOf("in_progress", "completed", "incomplete")),
			"phase":  strict.OrNull(strict.OneOf("commentary", "final_answer")),
		}, "content")
	}
	input := keys(strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
		"input_text": textPart("text"),
		"input_image": strict.Object(strict.Keys{
			"type": strict.Text, "image_url": strict.Text, "file_id": strict.Never, "detail": strict.OrNull(strict.OneOf("auto", "low", "high", "original")),
		}, "image_url"),
		"input_audio": strict.Object(strict.Keys{"type": strict.Text, "input_audio": soundSchema()}, "input_audio"),
	}))))
	free := func(string, any) *strict.Problem { return nil }
	output := keys(strict.TextOr(strict.List(1, strict.By("type", strict.Keys{
		"output_text": strict.Object(strict.Keys{"type": strict.Text, "text": strict.Text, "annotations": free, "logprobs": free}, "text"),
		"refusal":     textPart("refusal"),
	}))))
	return strict.By("role", strict.Keys{"user": input, "system": input, "developer": input, "assistant": output})
}
