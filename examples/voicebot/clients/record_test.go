package clients

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// sample is one thing that a server sent.
type sample struct {
	// Kind says which of the official types it has, see testdata/validate.py.
	Kind string `json:"kind"`
	// From is where it comes from: the server, and the case in which it was sent.
	From string `json:"from"`
	// Departs says that a fault is to send what the official types do not have.
	Departs bool            `json:"departs"`
	Value   json.RawMessage `json:"value"`
}

// recording collects samples, one of each shape.
type recording struct {
	samples []sample
	seen    map[string]bool
	// types are the realtime events of which there is a sample.
	types map[string]bool
}

func newRecording() *recording { return &recording{seen: map[string]bool{}, types: map[string]bool{}} }

// add keeps a value if none of its shape was kept.
func (r *recording) add(t *testing.T, kind, from string, departs bool, value []byte) {
	t.Helper()
	var v any
	if err := json.Unmarshal(value, &v); err != nil {
		t.Fatalf("%s: %s is no JSON: %v", from, kind, err)
	}
	if object, ok := v.(map[string]any); ok && kind == "realtime" {
		r.types[fmt.Sprint(object["type"])] = true
	}
	shape := fmt.Sprintf("%s %t %s", kind, departs, shapeOf("", v))
	if r.seen[shape] {
		return
	}
	r.seen[shape] = true
	r.samples = append(r.samples, sample{kind, from, departs, slices.Clone(value)})
}

// free are the keys whose texts are not taken from a list.
var free = []string{
	"delta", "text", "transcript", "audio", "data", "content", "arguments", "output", "instructions", "message", "name", "title", "image_url",
	"id", "item_id", "event_id", "response_id", "previous_item_id", "call_id", "conversation_id", "obfuscation", "value", "refusal", "model", "request_id", "responseId",
}

// shapeOf returns a value without what differs between two events of one shape.
func shapeOf(key string, v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+":"+shapeOf(k, v[k]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, entry := range v {
			parts = append(parts, shapeOf(key, entry))
		}
		return "[" + strings.Join(slices.Compact(parts), ",") + "]"
	case float64:
		if v != float64(int64(v)) {
			return "fraction"
		}
		return "whole"
	case string:
		if slices.Contains(free, key) {
			return "text"
		}
	}
	return fmt.Sprintf("%v", v)
}

// caller is a bare client of the Realtime protocol that records what it is sent.
type caller struct {
	t       *testing.T
	r       *recording
	socket  *websocket.Conn
	from    string
	departs func(event string, frame []byte) bool
	// ids are those of the items that were announced.
	ids []string
}

// call opens a conversation. The query is added to a model, or stands in its place if it
// begins with a question mark. A handshake that is refused is recorded, too.
func (r *recording) call(t *testing.T, address, query, from string, departs func(string, []byte) bool) (*caller, bool) {
	t.Helper()
	if !strings.HasPrefix(query, "?") {
		query = "?model=practice" + query
	}
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+address+"/v1/realtime"+query, nil)
	if err != nil && response == nil {
		t.Fatalf("%s: %v", from, err)
	}
	defer func() { _ = response.Body.Close() }()
	if err != nil {
		var body bytes.Buffer
		_, _ = body.ReadFrom(response.Body)
		r.add(t, "refusal", from, false, body.Bytes())
		return nil, false
	}
	t.Cleanup(func() { _ = socket.Close() })
	return &caller{t: t, r: r, socket: socket, from: from, departs: departs}, true
}

// patience bounds how long an event is waited for that never comes.
const patience = time.Minute

// quiet is how long nothing comes before a silent server is believed to be silent.
const quiet = 2 * time.Second

// errGone says that the server has ended the conversation.
var errGone = errors.New("the conversation has ended")

// until reads up to an event of a type, or until the conversation ends. "" reads until
// nothing comes any more.
func (c *caller) until(last string) error {
	c.t.Helper()
	for {
		wait := patience
		if last == "" {
			wait = quiet
		}
		_ = c.socket.SetReadDeadline(time.Now().Add(wait))
		_, frame, err := c.socket.ReadMessage()
		switch {
		case err != nil && last == "":
			return errGone
		case err != nil && (websocket.IsCloseError(err, 1000, 1001, 1008, 1011, 1012, 4000) || websocket.IsUnexpectedCloseError(err) || isReset(err)):
			return errGone
		case err != nil:
			c.t.Fatalf("%s: waiting for %s: %v", c.from, last, err)
		}
		if kind := c.take(frame); kind == last {
			return nil
		}
	}
}

// isReset reports whether the connection was dropped without a close frame.
func isReset(err error) bool {
	return strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "reset by peer")
}

// take records a frame, and returns its type.
func (c *caller) take(frame []byte) string {
	c.t.Helper()
	var event struct {
		Type string
		Item struct{ ID string }
	}
	if len(frame) > 1<<20 || json.Unmarshal(frame, &event) != nil {
		if !c.departs("malformed", nil) {
			c.t.Fatalf("%s: a frame of %d bytes that is no event", c.from, len(frame))
		}
		return "malformed"
	}
	if event.Type == "conversation.item.done" {
		c.ids = append(c.ids, event.Item.ID)
	}
	c.r.add(c.t, "realtime", c.from, c.departs(event.Type, frame), frame)
	return event.Type
}

func (c *caller) send(event string) {
	c.t.Helper()
	for one := range strings.SplitSeq(event, together) {
		_ = c.socket.WriteMessage(websocket.TextMessage, []byte(one)) // who has gone is noticed in reading
	}
}

// together stands between events that are sent one after the other.
const together = "\x00"

// step is what a client sends, and the event up to which it reads then; "" reads until
// nothing comes any more.
type step struct{ send, until string }

// do takes the steps until the conversation ends.
func (c *caller) do(steps ...step) {
	c.t.Helper()
	for _, s := range steps {
		c.send(c.filled(s.send))
		if errors.Is(c.until(s.until), errGone) {
			return
		}
	}
}

// filled replaces LAST by the id of the last item.
func (c *caller) filled(event string) string {
	if len(c.ids) == 0 {
		return event
	}
	return strings.ReplaceAll(event, "LAST", c.ids[len(c.ids)-1])
}

// post sends a request and records the answer: one object, or the events of a stream.
func (r *recording) post(t *testing.T, address, path, from, body string, kinds [3]string, departs func(string) bool) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Anthropic-Version", "2023-06-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return // a fault has dropped it
	}
	defer func() { _ = response.Body.Close() }()
	var data bytes.Buffer
	_, _ = data.ReadFrom(response.Body) // what came before a fault dropped it
	switch whole, stream, refusal := kinds[0], kinds[1], kinds[2]; {
	case response.StatusCode != http.StatusOK:
		r.add(t, refusal, from, departs(refusal), data.Bytes())
	case strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream"):
		r.stream(t, stream, refusal, from, data.String(), departs)
	case bytes.HasPrefix(data.Bytes(), []byte(`{"error":{`)):
		r.add(t, refusal, from, departs(refusal), data.Bytes())
	case json.Valid(data.Bytes()):
		r.add(t, whole, from, departs("whole"), data.Bytes())
	case !departs("malformed"):
		t.Errorf("%s: the answer is no JSON: %s", from, &data)
	}
}

// stream records the events of a stream.
func (r *recording) stream(t *testing.T, kind, refusal, from, body string, departs func(string) bool) {
	t.Helper()
	for event := range strings.SplitSeq(body, "\n\n") {
		name := ""
		for line := range strings.Lines(event) {
			line = strings.TrimSpace(line)
			if after, ok := strings.CutPrefix(line, "event: "); ok {
				name = after
			}
			data, ok := strings.CutPrefix(line, "data: ")
			switch {
			case !ok || data == "[DONE]":
			case !json.Valid([]byte(data)):
				if !departs("malformed") {
					t.Errorf("%s: %s is no JSON: %s", from, name, data)
				}
			case strings.HasPrefix(data, `{"error":`):
				r.add(t, refusal, from, departs(refusal), []byte(data))
			default:
				r.add(t, kind, from, departs(typeOf(data)), []byte(data))
			}
		}
	}
}

// typeOf returns what an event of a stream calls itself.
func typeOf(data string) string {
	var named struct {
		Type, Object string
		Novelty      bool // of an event of Gemini's API, which has no types
	}
	switch err := json.Unmarshal([]byte(data), &named); {
	case err == nil && named.Novelty:
		return "novelty"
	case err == nil && named.Type == "":
		return named.Object
	}
	return named.Type
}
