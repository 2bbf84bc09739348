package realtimetest

import (
	"maps"
	"slices"
	"time"
)

// detection is how a session finds the turns in its audio.
type detection struct {
	level     float64       // in dBFS, from which a frame counts as speech
	prefix    time.Duration // kept from before the speech
	silence   time.Duration // that ends a turn
	idle      time.Duration // of silence after a response that makes another one; 0 for never
	creates   bool          // a turn that ends is answered
	interrupt bool          // a turn that begins cancels the response
}

// The levels of threshold 0 and 1. Speech on a telephone line has some
// -20 dBFS, its noise less than -50.
const (
	quietest = -60.0
	loudest  = -20.0
)

// detectionOf reads a turn_detection that [checkDetection] has completed. It
// reports false where turns are not detected.
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
		d.prefix, d.silence = 300*time.Millisecond, patience()[asString(object["eagerness"])]
	} else {
		threshold, _ = asNumber(object["threshold"])
		d.prefix, d.silence, d.idle = ms("prefix_padding_ms"), ms("silence_duration_ms"), ms("idle_timeout_ms")
	}
	d.level = quietest + threshold*(loudest-quietest)
	return d, true
}

// patience is how much silence ends a turn, by eagerness. A real service
// guesses from the words whether a sentence is over; this one always waits as
// long as they do at most.
func patience() map[string]time.Duration {
	return map[string]time.Duration{
		"low": 8 * time.Second, "medium": 4 * time.Second, "auto": 4 * time.Second, "high": 2 * time.Second,
	}
}

// detectionDefaults are the keys of a kind of turn detection, and what they
// are if a client leaves them out.
func detectionDefaults(kind string) map[string]any {
	switch kind {
	case "server_vad":
		return map[string]any{
			"type": kind, "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
			"idle_timeout_ms": nil, "create_response": true, "interrupt_response": true,
		}
	case "semantic_vad":
		return map[string]any{"type": kind, "eagerness": "auto", "create_response": true, "interrupt_response": true}
	}
	return nil
}

// checkDetection returns a turn_detection with its defaults filled in, or what
// is wrong with it.
func checkDetection(v any) (any, *protocolError) {
	const path = "session.audio.input.turn_detection"
	if v == nil {
		return nil, nil
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, wrongType(path, "an object or null")
	}
	full := detectionDefaults(asString(object["type"]))
	if full == nil {
		return nil, invalid("invalid_value", path+".type", "Supported values are: 'server_vad' and 'semantic_vad'.")
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if _, known := full[key]; !known {
			return nil, unknownParameter(path + "." + key)
		}
		if problem := checkDetectionKey(path+"."+key, key, object[key]); problem != nil {
			return nil, problem
		}
		full[key] = object[key]
	}
	return full, nil
}

func checkDetectionKey(path, key string, value any) *protocolError {
	switch key {
	case "threshold":
		return checkNumber(path, value, 0, 1)
	case "prefix_padding_ms", "silence_duration_ms":
		return checkInteger(path, value, 0, 60_000)
	case "idle_timeout_ms":
		if value == nil {
			return nil
		}
		return checkInteger(path, value, 5_000, 30_000)
	case "create_response", "interrupt_response":
		return checkBool(path, value)
	case "eagerness":
		return checkOneOf(path, value, slices.Sorted(maps.Keys(patience()))...)
	}
	return nil
}
