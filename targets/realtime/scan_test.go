package realtime

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestEventsAreReadUnderTheirPresentNames(t *testing.T) {
	text := "hi"
	tests := map[string]struct {
		frame string
		want  serverEvent
	}{
		"text delta": {
			`{"type":"response.output_text.delta","response_id":"r","item_id":"i","content_index":1,"delta":"h\u0069"}`,
			serverEvent{Type: eventTextDelta, ResponseID: "r", ItemID: "i", ContentIndex: 1, delta: []byte("hi")},
		},
		"beta text": {
			`{"type":"response.text.done","response_id":"r","item_id":"i","text":"hi"}`,
			serverEvent{Type: eventTextDone, ResponseID: "r", ItemID: "i", Text: &text},
		},
		"beta item": {
			`{"type":"conversation.item.created","item":{"id":"i","phase":"commentary"}}`,
			serverEvent{Type: eventItemAdded, Item: itemBody{ID: "i"}},
		},
		"audio delta with escaped slashes": {
			` { "delta" : "\/\/8=" , "type" : "response.audio.delta" , "item_id":"i", "response_id":"r", "content_index" : 2 } `,
			serverEvent{Type: eventAudioDelta, ResponseID: "r", ItemID: "i", ContentIndex: 2, delta: []byte("//8=")},
		},
		"an event that is not looked at": {
			`{"type":"response.content_part.added","part":[{"name":"to\"]kens"}],"delta":7}`,
			serverEvent{Type: "response.content_part.added"},
		},
		"an error without an event id": {
			`{"type":"error","error":{"type":"server_error","code":null,"message":"oh","param":null,"event_id":null}}`,
			serverEvent{Type: eventError, Error: serviceError{ErrorObject: access.ErrorObject{Type: "server_error", Message: "oh"}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := scanned([]byte(test.frame), ids{})
			if err != nil {
				t.Fatal(err)
			}
			test.want.kind = eventTypes[test.want.Type]
			sameRow := cmp.Comparer(func(a, b *eventType) bool { return a == b && a != nil })
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(serverEvent{}), cmpopts.EquateEmpty(), sameRow); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFramesThatAreNoEventsAreRefused(t *testing.T) {
	for _, frame := range []string{
		``, `null`, `[]`, `{}`, `{"type":7}`, `{"type":""}`, `{"type":"a"`, `{"type":"a"}x`, `{"type" "a"}`, `{"type":"a",}`,
		`{"type":"a" "b":1}`, `{type:"a"}`, `{"type":"a","b":}`, `{"type":"a","b":{"c":"}`, `{"type":"a","b":tru}`, `{"type":"a\`,
		`{"type":"response.done","response":7}`, `{"type":"response.output_audio.delta"}`, `{"type":"response.output_audio.delta","delta":7}`,
		"{\"type\":\"a\\uZZZZ\"}",
	} {
		if event, err := scanned([]byte(frame), ids{}); err == nil {
			t.Errorf("%q was read as %+v", frame, event)
		}
	}
}

func TestAudioThatIsNotBase64IsAnErrorAndLosesNothingBefore(t *testing.T) {
	event, err := scanned([]byte(`{"type":"response.output_audio.delta","response_id":"r","delta":"AAA!"}`), ids{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := event.appendAudio([]byte("before"))
	if err == nil || string(kept) != "before" {
		t.Errorf("got %q, %v", kept, err)
	}
}

func TestAnIDIsThatOfTheEventAndNotOfTheOneBefore(t *testing.T) {
	before := ids{response: "r", item: `a\u0041`}
	for frame, want := range map[string]ids{
		`{"type":"x","response_id":"r","item_id":"i"}`:            {"r", "i"},
		`{"type":"x","response_id":"s"}`:                          {"s", ""},
		`{"type":"x","response_id":"","item_id":null}`:            {"", ""},
		`{"type":"x","response_id":"\u0072","item_id":"a\u0041"}`: {"r", "aA"},
	} {
		event, err := scanned([]byte(frame), before)
		if got := (ids{event.ResponseID, event.ItemID}); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", frame, got, err, want)
		}
	}
}

func scanned(frame []byte, before ids) (event serverEvent, err error) {
	err = scan(frame, before, &event)
	return event, err
}

// FuzzScan holds the hand-written scanner against encoding/json: what that
// reads, scan reads alike.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"type":"response.output_audio.delta","event_id":"e","response_id":"r","item_id":"i","output_index":0,"content_index":0,"delta":"AAEC"}`,
		`{"type":"response.done","response":{"id":"r","status":"completed","output":[{"id":"i","content":[{"type":"output_audio","transcript":"x"}]}]}}`,
		`{"delta":"\/w==","type":"response.audio.delta"}`,
		`{"type":"error","error":{"code":null}}`,
		`{"a":{"b":["}\"]",{}]},"type":"x\u0041\\"}`,
		"{\"type\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		event, err := scanned(frame, ids{})
		var members map[string]json.RawMessage
		if json.Unmarshal(frame, &members) != nil || members == nil {
			// The scanner may be more lenient within values that it skips, but
			// an audio delta is read as a whole.
			return
		}
		var kind, response string
		if json.Unmarshal(members["type"], &kind) != nil || kind == "" {
			if err == nil {
				t.Fatalf("%q has no type and was read as %+v", frame, event)
			}
			return
		}
		if raw, ok := members["response_id"]; ok && json.Unmarshal(raw, &response) != nil {
			return
		}
		name, wanted := current(kind)
		if err != nil || event.Type != name {
			if !wanted && !fieldsAreOdd(members) {
				t.Fatalf("%q: got %+v, %v", frame, event, err)
			}
			return
		}
		if name == eventAudioDelta {
			var delta string
			if json.Unmarshal(members["delta"], &delta) == nil && strings.ToValidUTF8(string(event.delta), "\uFFFD") != delta {
				t.Fatalf("%q: audio %q, want %q", frame, event.delta, delta)
			}
			if event.ResponseID != response {
				t.Fatalf("%q: response %q, want %q", frame, event.ResponseID, response)
			}
		}
	})
}

// fieldsAreOdd reports whether a field that every event is read for has a
// wrong type.
func fieldsAreOdd(members map[string]json.RawMessage) bool {
	for _, name := range []string{"response_id", "item_id"} {
		var s string
		if raw, ok := members[name]; ok && json.Unmarshal(raw, &s) != nil {
			return true
		}
	}
	var n int
	raw, ok := members["content_index"]
	return ok && json.Unmarshal(raw, &n) != nil
}

// BenchmarkScanTurn reads the events of a turn with two seconds of audio.
func BenchmarkScanTurn(b *testing.B) {
	var frames [][]byte
	audio := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1, 2, 3}, 3200))
	for i := range 10 {
		frames = append(frames, fmt.Appendf(nil, `{"type":"response.output_audio.delta","event_id":"event_%d","response_id":"resp_1",`+
			`"item_id":"item_1","output_index":0,"content_index":0,"delta":"%s"}`, i, audio))
	}
	for i := range 60 {
		frames = append(frames, fmt.Appendf(nil, `{"type":"response.output_audio_transcript.delta","event_id":"event_%d","response_id":"resp_1",`+
			`"item_id":"item_1","output_index":0,"content_index":0,"delta":"word "}`, 100+i))
	}
	b.ReportAllocs()
	for b.Loop() {
		r := reply{limit: 1 << 30}
		for _, frame := range frames {
			var event serverEvent
			if err := scan(frame, ids{}, &event); err != nil {
				b.Fatal(err)
			}
			if err := r.add(&event); err != nil {
				b.Fatal(err)
			}
		}
	}
}
