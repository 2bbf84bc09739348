package realtimetest

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// setting is one value of a session that a client can set as a whole.
type setting struct {
	path  string // below the session
	check check
	// defaults are the default values of an object's keys.
	defaults func(v any) map[string]any
}

// settings are all that a client can set, except for the type, the model and
// tool_choice, which depends on the tools.
func settings() []setting {
	return []setting{
		{path: "instructions", check: isString},
		{path: "output_modalities", check: checkModalities},
		{path: "max_output_tokens", check: checkTokens},
		{path: "tools", check: checkTools},
		{path: "parallel_tool_calls", check: isBool},
		{path: "truncation", check: checkTruncation},
		{path: "reasoning", check: orNull(checkReasoning)},
		{path: "include", check: orNull(listOf(oneOf("item.input_audio_transcription.logprobs")))},
		{path: "tracing", check: checkTracing},
		{path: "prompt", check: orNull(checkPrompt), defaults: promptDefaults},
		{path: "audio.input.format", check: checkFormat},
		{path: "audio.input.turn_detection", check: orNull(checkDetection), defaults: detectionDefaults},
		{path: "audio.input.noise_reduction", check: orNull(checkNoiseReduction)},
		{path: "audio.input.transcription", check: orNull(checkTranscription), defaults: transcriptionDefaults},
		{path: "audio.output.format", check: checkFormat},
		{path: "audio.output.voice", check: checkVoice},
		{path: "audio.output.speed", check: number(0.25, 1.5)},
	}
}

func checkModalities(path string, v any) *protocolError {
	list, ok := v.([]any)
	if !ok {
		return wrongType(path, "an array")
	}
	if len(list) != 1 || list[0] != "audio" && list[0] != "text" {
		return invalid("invalid_value", path, `Invalid modalities. Supported combinations are: ["text"] and ["audio"].`)
	}
	return nil
}

func checkTokens(path string, v any) *protocolError {
	n, ok := asNumber(v)
	if v == "inf" || ok && n >= 1 && n <= 4096 && n == math.Trunc(n) {
		return nil
	}
	return invalid("invalid_value", path, fmt.Sprintf(`Invalid '%s': expected an integer from 1 to 4096 or "inf".`, path))
}

func checkFormat(path string, v any) *protocolError {
	if _, ok := formatOf(v); !ok {
		return invalid("invalid_value", path, "Supported formats are audio/pcm at rate 24000, audio/pcmu and audio/pcma.")
	}
	return nil
}

func checkVoice(path string, v any) *protocolError {
	known := []string{"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}
	if custom, ok := v.(map[string]any); ok && strings.HasPrefix(asString(custom["id"]), "voice_") {
		return nil
	}
	if !slices.Contains(known, asString(v)) {
		return invalid("invalid_value", path, "Invalid value. Supported values are: "+strings.Join(known, ", ")+".")
	}
	return nil
}

func checkTruncation(path string, v any) *protocolError {
	object, ok := v.(map[string]any)
	if !ok {
		return oneOf("auto", "disabled")(path, v)
	}
	for _, key := range []string{"type", "retention_ratio"} {
		if _, there := object[key]; !there {
			return missing(path + "." + key)
		}
	}
	return objectOf(map[string]check{
		"type":            oneOf("retention_ratio"),
		"retention_ratio": number(0, 1),
		"token_limits":    objectOf(map[string]check{"post_instructions": integer(0, 1_000_000)}),
	})(path, v)
}

func checkReasoning(path string, v any) *protocolError {
	return objectOf(map[string]check{"effort": oneOf("minimal", "low", "medium", "high", "xhigh")})(path, v)
}

func checkTracing(path string, v any) *protocolError {
	if v == nil || v == "auto" {
		return nil
	}
	return objectOf(map[string]check{"workflow_name": isString, "group_id": isString, "metadata": isObject})(path, v)
}

func checkPrompt(path string, v any) *protocolError {
	problem := objectOf(map[string]check{"id": isString, "version": orNull(isString), "variables": orNull(isObject)})(path, v)
	if object, ok := v.(map[string]any); ok && problem == nil && object["id"] == nil {
		return missing(path + ".id")
	}
	return problem
}

func promptDefaults(any) map[string]any {
	return map[string]any{"version": nil}
}

func checkNoiseReduction(path string, v any) *protocolError {
	problem := objectOf(map[string]check{"type": oneOf("near_field", "far_field"), "strength": number(0, math.MaxFloat64)})(path, v)
	if object, ok := v.(map[string]any); ok && problem == nil && object["type"] == nil {
		return missing(path + ".type")
	}
	return problem
}

func checkTranscription(path string, v any) *protocolError {
	return objectOf(map[string]check{
		"model": isString, "language": orNull(isString), "prompt": orNull(isString),
		"languages": listOf(isString), "keywords": listOf(isString), "delay": oneOf("minimal", "low", "medium", "high", "xhigh"),
	})(path, v)
}

func transcriptionDefaults(any) map[string]any {
	return map[string]any{"model": "gpt-transcribe"}
}
