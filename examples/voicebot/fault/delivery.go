package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// slow is the pause before each event of a slow reply.
const slow = 200 * time.Millisecond

// Event is one server-sent event.
type Event struct {
	// Name is the event's name, or "" for none.
	Name string
	// Data is sent as JSON, or as it is if it is a string.
	Data any
	// End marks the events that say that the reply is over.
	End bool
}

// Delivery sends one reply.
type Delivery struct {
	// Kind is what goes wrong, or "".
	Kind Kind
	// Stop ends a reply that is held back, for a server that stops.
	Stop <-chan struct{}
	// Failure is the event of an error within a stream, or the body of an error with
	// status 200.
	Failure Event
	// Unknown is an event of no known type.
	Unknown Event
}

// Stream sends a reply as server-sent events.
func (d Delivery) Stream(w http.ResponseWriter, r *http.Request, events []Event) {
	if d.Kind == realtimetest.Silence {
		d.hold(r)
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	half := len(events) / 2
	switch d.Kind {
	case realtimetest.NoDone:
		events = slices.DeleteFunc(events, func(e Event) bool { return e.End })
	case realtimetest.ErrorEvent:
		events = append(events[:half:half], d.Failure)
	case realtimetest.MalformedFrame:
		events = slices.Insert(events, half, Event{Data: `{"id": `})
	case realtimetest.UnknownEvents:
		events = slices.Insert(events, half, d.Unknown)
	case realtimetest.HalfReply, realtimetest.DropMidReply:
		events = events[:half+1]
	}
	for i, e := range events {
		frame := e.encode()
		if d.Kind == realtimetest.DropMidReply && i == half {
			frame = frame[:len(frame)/2]
		}
		if d.Kind == realtimetest.SlowReply && !d.pause(r, slow) {
			return
		}
		_, _ = w.Write(frame) // the client may be gone
		_ = http.NewResponseController(w).Flush()
	}
	d.end(r)
}

// Whole sends a reply as one JSON object.
func (d Delivery) Whole(w http.ResponseWriter, r *http.Request, body map[string]any) {
	switch d.Kind {
	case realtimetest.UnknownEvents:
		body["practice_unknown"] = map[string]any{"note": "a field of no known name"}
	case realtimetest.ErrorEvent:
		d.Send(w, r, http.StatusOK, "application/json", encode(d.Failure.Data))
		return
	}
	d.Send(w, r, http.StatusOK, "application/json", encode(body))
}

// Send sends a reply in one piece.
func (d Delivery) Send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	switch d.Kind {
	case realtimetest.Silence, realtimetest.HalfReply, realtimetest.NoDone:
		d.hold(r)
	case realtimetest.SlowReply:
		if !d.pause(r, slow) {
			return
		}
	case realtimetest.MalformedFrame:
		body = []byte(`{"id": `)
	}
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if d.Kind == realtimetest.DropMidReply {
		body = body[:len(body)/2]
	}
	_, _ = w.Write(body) // the client may be gone
	_ = http.NewResponseController(w).Flush()
	if d.Kind == realtimetest.DropMidReply {
		panic(http.ErrAbortHandler) // closes the connection, see package http
	}
}

// end ends a stream after its last event.
func (d Delivery) end(r *http.Request) {
	switch d.Kind {
	case realtimetest.HalfReply:
		d.hold(r)
	case realtimetest.DropMidReply:
		panic(http.ErrAbortHandler) // closes the connection, see package http
	}
}

// hold waits until the client goes or the server stops, and closes the connection.
func (d Delivery) hold(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-d.Stop:
	}
	panic(http.ErrAbortHandler) // see package http
}

// pause waits, and reports whether the client is still there.
func (d Delivery) pause(r *http.Request, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
	case <-d.Stop:
	}
	return false
}

func (e Event) encode() []byte {
	var frame bytes.Buffer
	if e.Name != "" {
		fmt.Fprintf(&frame, "event: %s\n", e.Name)
	}
	fmt.Fprintf(&frame, "data: %s\n\n", encode(e.Data))
	return frame.Bytes()
}

// encode returns JSON, or a string as it is.
func encode(v any) []byte {
	if text, ok := v.(string); ok {
		return []byte(text)
	}
	data, err := json.Marshal(v)
	if err != nil {
		return []byte("null") // cannot happen: servers send maps, strings and numbers
	}
	return data
}
