package realtimetest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// session is the configuration of one socket, as the protocol's JSON object.
// Its values are replaced, never modified, so that they can be read without the
// lock.
type session struct {
	values map[string]any
}

func newSession(model string, expires time.Time) session {
	pcm := map[string]any{"type": "audio/pcm", "rate": 24000}
	return session{values: map[string]any{
		"type": "realtime", "object": "realtime.session", "id": newID("sess_"), "expires_at": expires.Unix(),
		"model": model, "instructions": "", "output_modalities": []any{"audio"}, "max_output_tokens": "inf",
		"tools": []any{}, "tool_choice": "auto", "parallel_tool_calls": true,
		"truncation": "auto", "reasoning": nil, "include": nil, "tracing": nil, "prompt": nil,
		"audio": map[string]any{
			"input": map[string]any{
				"format": pcm, "turn_detection": withDefaults(map[string]any{"type": "server_vad"}, detectionDefaults(nil)), "noise_reduction": nil, "transcription": nil,
			},
			"output": map[string]any{"format": pcm, "voice": "alloy", "speed": 1.0},
		},
	}}
}

// newTranscription returns a session in which the model only transcribes what it
// hears, and never answers.
func newTranscription(expires time.Time) session {
	detection := withDefaults(map[string]any{"type": "server_vad"}, detectionDefaults(nil))
	return session{values: map[string]any{
		"type": transcribing, "object": "realtime.transcription_session", "id": newID("sess_"), "expires_at": expires.Unix(), "include": nil,
		"audio": map[string]any{"input": map[string]any{
			"format": map[string]any{"type": "audio/pcm", "rate": 24000}, "turn_detection": detection, "noise_reduction": nil, "transcription": nil,
		}},
	}}
}

// transcribing is the type of a session that only transcribes.
const transcribing = "transcription"

func (s session) transcribes() bool { return s.values["type"] == transcribing }

// settings are those that the session has.
func (s session) settings() []setting {
	if !s.transcribes() {
		return settings()
	}
	return slices.DeleteFunc(settings(), func(one setting) bool {
		return one.path != "include" && !strings.HasPrefix(one.path, "audio.input.")
	})
}

// atomicKeys are replaced as a whole by an update.
func (s session) atomicKeys() []string {
	keys := []string{"type"}
	if !s.transcribes() {
		keys = append(keys, "model", "tool_choice")
	}
	for _, one := range s.settings() {
		keys = append(keys, one.path)
	}
	return keys
}

// updated returns the session after an update, or the first error in it.
func (s session) updated(update json.RawMessage, spoke bool) (session, *protocolError) {
	var changes map[string]any
	if err := json.Unmarshal(update, &changes); err != nil || changes == nil {
		return s, missing("session")
	}
	if problem := s.checkKeys(changes, ""); problem != nil {
		return s, problem
	}
	next := session{values: s.merged(s.values, changes, "")}
	if problem := next.check(changes, asString(s.values["type"])); problem != nil {
		return s, problem
	}
	if next.model() != s.model() {
		return s, invalid("invalid_value", "session.model", "The model of a session cannot be changed.")
	}
	if spoke && !equal(next.at("audio", "output", "voice"), s.at("audio", "output", "voice")) {
		return s, voiceIsFixed("session.audio.output.voice")
	}
	return next.completed(), nil
}

func voiceIsFixed(path string) *protocolError {
	return invalid("cannot_update_voice", path, "Cannot update a conversation's voice if assistant audio is present.")
}

// checkKeys returns an error for a key that is not a setting.
func (s session) checkKeys(object map[string]any, prefix string) *protocolError {
	for _, key := range slices.Sorted(maps.Keys(object)) {
		path := prefix + key
		if slices.Contains(s.atomicKeys(), path) {
			continue
		}
		if !slices.Contains([]string{"audio", "audio.input", "audio.output"}, path) || s.transcribes() && path == "audio.output" {
			return unknownParameter("session." + path)
		}
		inner, ok := object[key].(map[string]any)
		if !ok {
			return wrongType("session."+path, "an object")
		}
		if problem := s.checkKeys(inner, path+"."); problem != nil {
			return problem
		}
	}
	return nil
}

// merged returns a copy of base in which the given fields are replaced.
func (s session) merged(base, changes map[string]any, prefix string) map[string]any {
	return mergedBut(s.atomicKeys(), base, changes, prefix)
}

// merged is [session.merged] for a session that answers.
func merged(base, changes map[string]any, prefix string) map[string]any {
	return session{}.merged(base, changes, prefix)
}

func mergedBut(atomic []string, base, changes map[string]any, prefix string) map[string]any {
	result := maps.Clone(base)
	for key, value := range changes {
		path := prefix + key
		was, before := base[key].(map[string]any)
		is, now := value.(map[string]any)
		if before && now && !slices.Contains(atomic, path) {
			value = mergedBut(atomic, was, is, path+".")
		}
		result[key] = value
	}
	return result
}

// check checks the values of an updated session, which keeps its kind.
func (s session) check(update map[string]any, kind string) *protocolError {
	if update["type"] == nil {
		return missing("session.type")
	}
	if problem := oneOf(kind)("session.type", update["type"]); problem != nil {
		return problem
	}
	for _, setting := range s.settings() {
		if problem := setting.check("session."+setting.path, s.at(strings.Split(setting.path, ".")...)); problem != nil {
			return problem
		}
	}
	if s.transcribes() {
		return nil
	}
	return checkToolChoice("session.tool_choice", s.values["tool_choice"], s.values["tools"])
}

// completed fills in the defaults of objects.
func (s session) completed() session {
	for _, setting := range s.settings() {
		if setting.defaults == nil {
			continue
		}
		v := s.at(strings.Split(setting.path, ".")...)
		s = s.with(setting.path, withDefaults(v, setting.defaults(v)))
	}
	return s
}

// with returns the session with another value at a path.
func (s session) with(path string, v any) session {
	return session{values: merged(s.values, nested(strings.Split(path, "."), v), "")}
}

// nested returns the object that has a value at a path.
func nested(path []string, v any) map[string]any {
	if len(path) > 1 {
		v = nested(path[1:], v)
	}
	return map[string]any{path[0]: v}
}

// conversation is the id of the default conversation.
func (s session) conversation() string {
	return "conv_" + strings.TrimPrefix(asString(s.values["id"]), "sess_")
}

// shown is the session as clients get it: without values of null where the official
// types have none.
func (s session) shown() map[string]any { return withoutNulls(s.values, "") }

// nullable are the settings that may be null in what clients get, and those below which
// everything is as a client has sent it.
func nullable() []string {
	return []string{"tracing", "prompt", "prompt.version", "audio.input.turn_detection", "audio.input.turn_detection.idle_timeout_ms"}
}

func withoutNulls(object map[string]any, prefix string) map[string]any {
	result := maps.Clone(object)
	for key, value := range object {
		path := prefix + key
		inner, ok := value.(map[string]any)
		switch {
		case value == nil && !slices.Contains(nullable(), path):
			delete(result, key)
		case ok && path != "tracing" && path != "prompt.variables":
			result[key] = withoutNulls(inner, path+".")
		}
	}
	return result
}

func (s session) model() string { return asString(s.values["model"]) }

// at returns the value at a path; nil for none.
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
