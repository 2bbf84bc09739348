package realtimetest

import (
	"maps"
	"slices"
	"time"
)

// detection is the server's turn detection for a session.
type detection struct {
	level     float64       // in dBFS; louder frames count as speech
	prefix    time.Duration // audio kept from before the speech
	silence   time.Duration // silence that ends a turn
	idle      time.Duration // silence after a response that triggers another one; 0 for never
	creates   bool          // the end of a turn starts a response
	interrupt bool          // the beginning of a turn cancels the response
}

// The levels of thresholds 0 and 1. Speech on a telephone line has some -20
// dBFS, its noise less than -50.
const (
	quietest = -60.0
	loudest  = -20.0
)

// detectionOf reads a turn_detection that [checkDetection] has completed. It
// reports false where turn detection is off.
func detectionOf(v any) (detection, bool) {
	object, ok := v.(map[string]any)
	if !ok {
		return detection{}, false
	}
	ms := func(key string) time.Duration {
		n, _ := asNumber(object[key])
		return time.Duration(n) * time.Millisecond
	}
	d := detection{creates: object["create_response"] == true, interrupt: object["interrupt_response"] == true}
	threshold := 0.5
	if object["type"] == "semantic_vad" {
		d.prefix, d.silence = 300*time.Millisecond, silences()[asString(object["eagerness"])]
	} else {
		threshold, _ = asNumber(object["threshold"])
		d.prefix, d.silence, d.idle = ms("prefix_padding_ms"), ms("silence_duration_ms"), ms("idle_timeout_ms")
	}
	d.level = quietest + threshold*(loudest-quietest)
	return d, true
}

// silences is the silence that ends a turn, by eagerness. A real service
// guesses from the words whether a sentence is over; this server always waits
// the maximum.
func silences() map[string]time.Duration {
	return map[string]time.Duration{
		"low": 8 * time.Second, "medium": 4 * time.Second, "auto": 4 * time.Second, "high": 2 * time.Second,
	}
}

// detectionDefaults are the keys of a kind of turn detection with their default
// values.
func detectionDefaults(v any) map[string]any {
	object, _ := v.(map[string]any)
	if object["type"] == "semantic_vad" {
		return map[string]any{"eagerness": "auto", "create_response": true, "interrupt_response": true}
	}
	return map[string]any{
		"threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
		"idle_timeout_ms": nil, "create_response": true, "interrupt_response": true,
	}
}

func checkDetection(path string, v any) *protocolError {
	object, ok := v.(map[string]any)
	if !ok {
		return wrongType(path, "an object")
	}
	keys := map[string]check{"type": isString, "create_response": isBool, "interrupt_response": isBool}
	switch object["type"] {
	case "server_vad":
		keys["threshold"] = number(0, 1)
		keys["prefix_padding_ms"] = integer(0, 60_000)
		keys["silence_duration_ms"] = integer(0, 60_000)
		keys["idle_timeout_ms"] = orNull(integer(5_000, 30_000))
	case "semantic_vad":
		keys["eagerness"] = oneOf(slices.Sorted(maps.Keys(silences()))...)
	default:
		return invalid("invalid_value", path+".type", "Supported values are: 'server_vad' and 'semantic_vad'.")
	}
	return objectOf(keys)(path, v)
}
