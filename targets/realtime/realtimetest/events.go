package realtimetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gorilla/websocket"
)

// clientEvent holds the fields of every client event.
type clientEvent struct {
	Type           string          `json:"type"`
	EventID        string          `json:"event_id"`
	Session        json.RawMessage `json:"session"`
	Item           json.RawMessage `json:"item"`
	Response       json.RawMessage `json:"response"`
	PreviousItemID *string         `json:"previous_item_id"`
	ItemID         string          `json:"item_id"`
	ResponseID     string          `json:"response_id"`
	ContentIndex   int             `json:"content_index"`
	AudioEndMS     int             `json:"audio_end_ms"`
	Audio          string          `json:"audio"`
}

// handle handles one frame of the client.
func (c *conn) handle(ctx context.Context, frame []byte) {
	if c.deaf.Load() {
		return
	}
	var e clientEvent
	problem := decodeStrictly(frame, &e, "")
	if problem == nil {
		problem = checkEvent(frame, e.Type)
	}
	if problem != nil {
		c.refuse(e.EventID, *problem)
		return
	}
	if len(e.EventID) > 512 {
		c.refuse("", *invalid("string_above_max_length", "event_id", "Invalid 'event_id': string too long, at most 512 characters."))
		return
	}
	if problem = c.dispatch(ctx, e); problem != nil {
		c.refuse(e.EventID, *problem)
	}
}

func (c *conn) dispatch(ctx context.Context, e clientEvent) *protocolError {
	switch e.Type {
	case "session.update":
		return c.updateSession(ctx, e)
	case "conversation.item.create":
		return c.createItem(ctx, e)
	case "conversation.item.retrieve":
		return c.retrieveItem(e)
	case "conversation.item.truncate":
		return c.truncateItem(e)
	case "conversation.item.delete":
		return c.deleteItem(e)
	case "input_audio_buffer.append":
		return c.appendAudio(ctx, e)
	case "input_audio_buffer.commit":
		return c.commitAudio(ctx)
	case "input_audio_buffer.clear":
		return c.clearAudio()
	case "output_audio_buffer.clear":
		return c.clearOutput()
	case "response.create":
		c.server.creates.Add(1)
		return c.createResponse(ctx, e)
	case "response.cancel":
		return c.cancelResponse(e)
	case "":
		return missing("type")
	}
	return invalid("invalid_value", "type", fmt.Sprintf("Invalid value: '%s'. Supported values are the client events of the Realtime API.", e.Type))
}

func (c *conn) updateSession(ctx context.Context, e clientEvent) *protocolError {
	if c.is(SessionIgnored) {
		return nil
	}
	if c.is(SessionRejected) {
		return invalid("invalid_value", "session.audio.output.voice", "Invalid value. Supported values are: none today.")
	}
	c.mu.Lock()
	before := c.session
	next, problem := before.updated(e.Session, c.spoke)
	if problem == nil {
		problem = next.checkStored(c.server.options.Prompts)
	}
	if problem == nil {
		c.session = next
	}
	c.mu.Unlock()
	if problem != nil {
		return problem
	}
	if !equal(before.at("audio", "input", "turn_detection"), next.at("audio", "input", "turn_detection")) {
		c.input.reset()
	}
	shown := next.shown()
	if c.is(SessionAltered) {
		shown = merged(shown, map[string]any{
			"instructions": "You are somebody else.", "output_modalities": []any{"text"},
			"audio": map[string]any{"output": map[string]any{"voice": "cedar"}},
		}, "")
	}
	c.send("session.updated", fields{"session": shown})
	if !equal(before.values["tools"], next.values["tools"]) {
		c.listServers(ctx, serversOf(next.values["tools"]))
	}
	return nil
}

// cancelResponse cancels the response with an id, or the active one of the
// conversation.
func (c *conn) cancelResponse(e clientEvent) *protocolError {
	c.mu.Lock()
	r := c.active
	if e.ResponseID != "" {
		r = c.running[e.ResponseID]
	}
	c.mu.Unlock()
	if r == nil {
		return &protocolError{Code: "response_cancel_not_active", Message: "Cancellation failed: no active response found."}
	}
	r.cancel(clientCancelled)
	return nil
}

// closeExpired ends the socket as the services do at the end of a session.
func (c *conn) closeExpired() {
	message := "Your session hit the maximum duration of 60 minutes."
	c.refuse("", protocolError{Code: "session_expired", Message: message})
	c.closeWith(websocket.CloseGoingAway, message)
}

// decodeStrictly decodes one JSON object; its errors are in the protocol's
// format. The prefix is the object's path in the event.
func decodeStrictly(data []byte, into any, prefix string) *protocolError {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one JSON value")
		}
	}
	if err == nil {
		return nil
	}
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		path := prefix + mismatch.Field
		return invalid("invalid_type", path, fmt.Sprintf("Invalid type for '%s': got %s.", path, mismatch.Value))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		path := prefix + strings.Trim(name, `"`)
		return unknownParameter(path)
	}
	return &protocolError{Code: "invalid_json", Message: "We could not parse the JSON body of your event."}
}
