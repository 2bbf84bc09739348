package realtimetest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// session is the configuration of one socket, as the protocol's JSON object.
// Its values are replaced, never modified, so that they can be read outside
// the lock.
type session struct {
	values map[string]any
}

func newSession(model string, expires time.Time) session {
	pcm := map[string]any{"type": "audio/pcm", "rate": 24000}
	return session{values: map[string]any{
		"type": "realtime", "object": "realtime.session", "id": newID("sess_"),
		"model": model, "instructions": "", "output_modalities": []any{"audio"},
		"expires_at":        expires.Unix(),
		"max_output_tokens": "inf", "tools": []any{}, "tool_choice": "auto", "truncation": "auto",
		"audio": map[string]any{
			"input": map[string]any{
				"format": pcm, "turn_detection": nil, "noise_reduction": nil, "transcription": nil,
			},
			"output": map[string]any{"format": pcm, "voice": "alloy", "speed": 1.0},
		},
	}}
}

// atomic are the objects that an update replaces as a whole, and known all
// keys that it may have. MCP, prompts and tracing are not practised here.
func atomicKeys() []string {
	return []string{
		"audio.input.format", "audio.input.turn_detection", "audio.input.noise_reduction",
		"audio.input.transcription", "audio.output.format", "audio.output.voice",
		"tools", "tool_choice", "truncation", "reasoning",
	}
}

func knownKeys() []string {
	return append(atomicKeys(),
		"type", "model", "instructions", "output_modalities", "max_output_tokens", "parallel_tool_calls",
		"include", "audio", "audio.input", "audio.output", "audio.output.speed",
	)
}

// updated returns the session after an update, or what is wrong with it.
func (s session) updated(update json.RawMessage, spoke bool) (session, *protocolError) {
	var changes map[string]any
	if err := json.Unmarshal(update, &changes); err != nil || changes == nil {
		return s, missing("session")
	}
	if problem := checkKeys(changes, ""); problem != nil {
		return s, problem
	}
	next := session{values: merged(s.values, changes, "")}
	if problem := next.check(changes); problem != nil {
		return s, problem
	}
	next, problem := next.completed()
	if problem != nil {
		return s, problem
	}
	if next.model() != s.model() {
		return s, invalid("invalid_value", "session.model", "The model of a session cannot be changed.")
	}
	if spoke && !equal(next.at("audio", "output", "voice"), s.at("audio", "output", "voice")) {
		return s, invalid("cannot_update_voice", "session.audio.output.voice",
			"Cannot update a conversation's voice if assistant audio is present.")
	}
	return next, nil
}

func checkKeys(object map[string]any, prefix string) *protocolError {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		path := prefix + key
		if !slices.Contains(knownKeys(), path) {
			return unknownParameter("session." + path)
		}
		inner, ok := object[key].(map[string]any)
		if !ok || slices.Contains(atomicKeys(), path) {
			continue
		}
		if problem := checkKeys(inner, path+"."); problem != nil {
			return problem
		}
	}
	return nil
}

// merged returns a copy of base with the changes: only listed fields change.
func merged(base, changes map[string]any, prefix string) map[string]any {
	result := maps.Clone(base)
	for key, value := range changes {
		path := prefix + key
		was, before := base[key].(map[string]any)
		is, now := value.(map[string]any)
		if before && now && !slices.Contains(atomicKeys(), path) {
			value = merged(was, is, path+".")
		}
		result[key] = value
	}
	return result
}

// check looks at the values of a session that has just been updated.
func (s session) check(update map[string]any) *protocolError {
	if update["type"] != "realtime" {
		return missing("session.type")
	}
	if _, ok := s.values["instructions"].(string); !ok {
		return invalid("invalid_type", "session.instructions", "Invalid type for 'session.instructions': expected a string.")
	}
	if !validModalities(s.values["output_modalities"]) {
		return invalid("invalid_value", "session.output_modalities",
			`Invalid modalities. Supported combinations are: ["text"] and ["audio"].`)
	}
	for _, side := range []string{"input", "output"} {
		if _, ok := formatOf(s.at("audio", side, "format")); !ok {
			return invalid("invalid_value", "session.audio."+side+".format",
				"Supported formats are audio/pcm at rate 24000, audio/pcmu and audio/pcma.")
		}
	}
	if !validVoice(s.at("audio", "output", "voice")) {
		return invalid("invalid_value", "session.audio.output.voice",
			"Invalid value. Supported values are: "+strings.Join(voices(), ", ")+".")
	}
	if problem := checkTools("session.tools", s.values["tools"]); problem != nil {
		return problem
	}
	if problem := checkToolChoice("session.tool_choice", s.values["tool_choice"], s.values["tools"]); problem != nil {
		return problem
	}
	if !validTokens(s.values["max_output_tokens"]) {
		return invalid("invalid_value", "session.max_output_tokens", `Expected an integer from 1 to 4096 or "inf".`)
	}
	return nil
}

// completed checks the objects that have defaults of their own, and fills these
// in.
func (s session) completed() (session, *protocolError) {
	detection, problem := checkDetection(s.at("audio", "input", "turn_detection"))
	if problem != nil {
		return s, problem
	}
	return session{values: merged(s.values, map[string]any{
		"audio": map[string]any{"input": map[string]any{"turn_detection": detection}},
	}, "")}, nil
}

// conversation is the id of the conversation that items go into by default.
func (s session) conversation() string {
	return "conv_" + strings.TrimPrefix(asString(s.values["id"]), "sess_")
}

func (s session) model() string { return asString(s.values["model"]) }

// at walks down objects; what is not there is nil.
func (s session) at(path ...string) any {
	var value any = s.values
	for _, key := range path {
		object, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = object[key]
	}
	return value
}

func voices() []string {
	return []string{"alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"}
}

func validVoice(v any) bool {
	if custom, ok := v.(map[string]any); ok {
		return strings.HasPrefix(asString(custom["id"]), "voice_")
	}
	return slices.Contains(voices(), asString(v))
}

func validModalities(v any) bool {
	list, ok := v.([]any)
	return ok && len(list) == 1 && (list[0] == "audio" || list[0] == "text")
}

func validTokens(v any) bool {
	n, ok := asNumber(v)
	return v == "inf" || ok && n >= 1 && n <= 4096 && n == float64(int(n))
}

func asString(v any) string {
	s, _ := v.(string)
	return s
}

func asNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

// equal compares two JSON values.
func equal(a, b any) bool {
	left, leftErr := json.Marshal(a)
	right, rightErr := json.Marshal(b)
	return leftErr == nil && rightErr == nil && string(left) == string(right)
}
