package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"
)

// serverEvent holds the fields that the target reads of server events.
type serverEvent struct {
	Type         string          `json:"type"`
	ResponseID   string          `json:"response_id"`
	ItemID       string          `json:"item_id"`
	ContentIndex int             `json:"content_index"`
	Text         *string         `json:"text"`
	Transcript   *string         `json:"transcript"`
	Session      json.RawMessage `json:"session"`
	Response     responseBody    `json:"-"` // set by readDone and readCreated
	Item         itemBody        `json:"item"`
	Error        serviceError    `json:"error"`
	Logprobs     []logprob       `json:"logprobs"`
	RateLimits   []rateLimitBody `json:"-"` // set by readLimits

	came time.Time
	kind *eventType // kind is the row of Type in the protocol; nil for an unknown type

	part contentBody // of the end of a content part

	// delta is the text of a delta, or the base64 of its audio, which is
	// decoded later. It points into the frame.
	delta []byte
}

// responseBody is the response object of response.created and response.done.
type responseBody struct {
	ID       string
	Status   string
	Labelled bool   // whether there is a label, of any JSON type
	Label    string // from the metadata, set by the target
	Output   []itemBody
	Usage    usageBody
	Details  responseDetails
}

// responseDetails say how a response ended.
type responseDetails struct {
	Reason string       `json:"reason"`
	Error  serviceError `json:"error"`
}

// itemBody is an item of the conversation.
type itemBody struct {
	ID        string        `json:"id"`
	Type      string        `json:"type"`
	Name      string        `json:"name"`
	Server    string        `json:"-"` // label of the MCP server
	CallID    string        `json:"call_id"`
	Arguments string        `json:"arguments"`
	Content   []contentBody `json:"content"`
	// Output, Failure and Status are the result of a call that the service has
	// made itself. Failure is JSON, or a text; "" for none.
	Output  string `json:"-"`
	Failure string `json:"-"`
	Status  string `json:"status"`
}

// logprob is how likely a piece of a transcript is. Logprob is a natural logarithm,
// or something else, which says nothing.
type logprob struct {
	Token   string `json:"token"`
	Logprob any    `json:"logprob"`
}

type contentBody struct {
	Type       string  `json:"type"`
	Text       *string `json:"text"`
	Transcript *string `json:"transcript"`
}

type usageBody struct {
	InputTokens, OutputTokens int64
	Input, Output             tokens
	// Odd says that something of it could not be read, and is left at 0.
	Odd bool
}

// tokens are the token counts of one direction.
type tokens struct {
	Text, Audio, Image, Cached int64
	Odd                        bool
}

// rateLimitBody is the state of one rate limit of the service.
type rateLimitBody struct {
	Name         string
	Limit        int64
	Remaining    int64
	Told         bool // whether the remaining amount is given
	ResetSeconds float64
}

// scan reads a frame into an empty event. Nearly all events of a conversation
// are deltas, so these are scanned by hand and their content stays in the
// frame. Of the other events that every reply has, only the fields that are
// used are decoded.
//
// Consecutive events mostly have the same ids, which are reused without an
// allocation.
func scan(frame []byte, before ids, event *serverEvent) error {
	var in members
	err := eachMember(frame, func(key, value []byte) error {
		var err error
		switch string(key) {
		case "type":
			event.Type, event.kind, err = typeOf(value)
		case "response_id":
			event.ResponseID = unquoteOr(value, before.response)
		case "item_id":
			event.ItemID = unquoteOr(value, before.item)
		case "content_index":
			index, _ := number(value) // what cannot be read is the first part
			event.ContentIndex = int(index)
		case "delta":
			in.delta = value
		case "text", "transcript":
			in.text = value
		case "item":
			in.item = value
		case "part":
			in.part = value
		case "response":
			in.response = value
		case "rate_limits":
			in.limits = value
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("reading an event: %w", err)
	}
	if event.Type == "" {
		return errors.New("reading an event: no type is given")
	}
	kind := event.kind
	if kind == nil || kind.read == nil {
		return nil
	}
	if err := kind.read(in, frame, event); err != nil {
		return fmt.Errorf("reading a %s event: %w", kind.name, err)
	}
	return nil
}

// typeOf returns the present name of an event's type, and its row in the
// protocol; nil for an unknown type. Known types need no allocation.
func typeOf(value []byte) (name string, kind *eventType, err error) {
	if n := len(value); n > 2 && value[0] == '"' {
		if kind = eventTypes[string(value[1:n-1])]; kind != nil {
			return kind.name, kind, nil
		}
	}
	if name, err = unquote(value); err != nil {
		return "", nil, err
	}
	if kind = eventTypes[name]; kind != nil { // the type was written with JSON escapes
		name = kind.name
	}
	return name, kind, nil
}

// ids are the ids of an event's response and item.
type ids struct{ response, item string }

// unquoteOr is loose; if the string equals the known one, that is returned
// without an allocation.
func unquoteOr(value []byte, known string) string {
	if n := len(value); n > 2 && value[0] == '"' && string(value[1:n-1]) == known && bytes.IndexByte(value, '\\') < 0 {
		return known
	}
	return loose(value)
}

// loose returns a JSON string, and of any other value the JSON itself; null is
// "".
func loose(value []byte) string {
	if s, err := unquote(value); err == nil {
		return s
	}
	return string(value)
}

// members are fields that only some types of events need.
type members struct{ delta, text, item, part, response, limits []byte }

// optional decodes a text that may be missing.
func optional(value []byte) (*string, error) {
	if null(value) {
		return nil, nil
	}
	s, err := unquote(value)
	return &s, err
}

// memberString returns a text within an object; "" if it is missing.
func memberString(object []byte, name string) (s string, err error) {
	err = eachMember(object, func(key, value []byte) error {
		if string(key) != name {
			return nil
		}
		var err error
		s, err = unquote(value)
		return err
	})
	return s, err
}

// firstAudio is the initial capacity, in bytes, for a reply's audio: most of a
// second.
const firstAudio = 32 << 10

// appendAudio appends the decoded audio of an audio delta.
func (e *serverEvent) appendAudio(to []byte) ([]byte, error) {
	if n := len(e.delta); cap(to)-len(to) < n {
		to = slices.Grow(to, max(n, len(to), firstAudio)) // doubling: append's smaller steps copy more
	}
	grown, err := appendBase64(to, e.delta)
	if err != nil {
		return to, fmt.Errorf("decoding the audio of a reply: %w", err)
	}
	return grown, nil
}

// unquote decodes a JSON string; null is "".
func unquote(value []byte) (string, error) {
	text, err := rawText(value)
	return string(text), err
}

// rawString returns the bytes between the quotes of a JSON string. A string
// with escapes is decoded into new memory.
func rawString(value []byte) ([]byte, error) {
	if len(value) < 2 || value[0] != '"' {
		return nil, errors.New("a string is missing")
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner, nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err
}

// rawText is rawString for text that must be UTF-8; null is "".
func rawText(value []byte) ([]byte, error) {
	if len(value) > 1 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 && utf8.Valid(value) {
		return value[1 : len(value)-1], nil
	}
	var s string
	err := json.Unmarshal(value, &s)
	return []byte(s), err
}
