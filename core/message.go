package core

import (
	"encoding/json"
	"mime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Modality is the form of a [Value], independent of how it is encoded.
type Modality string

// The modalities a part can have.
const (
	// Text is UTF-8 text. Attack payloads may contain any byte, so nothing
	// may assume that the data is valid UTF-8.
	Text Modality = "text"
	// Audio is a self-describing audio file, normally audio/wav.
	Audio Modality = "audio"
	// Image is an image file, normally image/png or image/jpeg.
	Image Modality = "image"
	// ToolCall is a JSON object {"call_id", "name", "arguments"} with which a
	// target asks for a tool to be run.
	ToolCall Modality = "tool_call"
	// ToolResult is a JSON object {"call_id", "output"}: the answer to a
	// ToolCall.
	ToolResult Modality = "tool_result"
	// Reasoning is text that a target reports as its thinking, apart from what it
	// says. It is part of a reply's record, and no part of the conversation: no
	// scorer gets it that does not ask for it, and no strategy.
	Reasoning Modality = "reasoning"
)

// Modalities lists every modality, in the order in which documents show them.
func Modalities() []Modality {
	return []Modality{Text, Audio, Image, ToolCall, ToolResult, Reasoning}
}

// Media types that campaigns and the bundled components produce.
const (
	MediaText = "text/plain; charset=utf-8"
	MediaWAV  = "audio/wav"
	MediaPNG  = "image/png"
	MediaJPEG = "image/jpeg"
	MediaJSON = "application/json"
)

// Value is a piece of content: bytes, and what they are.
type Value struct {
	Modality Modality
	// MediaType is an RFC 2045 media type, such as "audio/wav".
	MediaType string
	// Data is never modified once it is in a Value: values share it.
	Data []byte
}

// TextValue returns s as a text value.
func TextValue(s string) Value {
	return Value{Modality: Text, MediaType: MediaText, Data: []byte(s)}
}

// WAVValue returns a WAV file as an audio value.
func WAVValue(wav []byte) Value {
	return Value{Modality: Audio, MediaType: MediaWAV, Data: wav}
}

// IsText reports whether the data are text, such as JSON.
func (v Value) IsText() bool {
	switch v.Modality {
	case Text, ToolCall, ToolResult, Reasoning:
		return true
	}
	return false
}

// Text returns the data as a string. It is meaningful where [Value.IsText] is
// true.
func (v Value) Text() string { return string(v.Data) }

// BaseMediaType returns the media type in lower case without its parameters,
// or "" if it has none or is malformed.
func (v Value) BaseMediaType() string {
	base, _, err := mime.ParseMediaType(v.MediaType)
	if err != nil {
		return ""
	}
	return base
}

// Role says whose turn a [Message] is.
type Role string

// The roles of a conversation.
const (
	System    Role = "system"
	User      Role = "user"
	Assistant Role = "assistant"
	Tool      Role = "tool"
)

// Part is one value within a message, with where it came from.
type Part struct {
	// Value is what was really sent or received: after the converters.
	Value
	// Original is what the campaign wrote, before the converters. It is nil
	// where no converter ran, and on received parts.
	Original *Value
	// Converters names the campaign's converters that turned Original into
	// Value, in order.
	Converters []string
	// Transcript marks a text part that claims what an audio part of the same
	// message says, such as a voice API's transcript of its reply.
	// It is evidence about the API, not about what a listener heard.
	Transcript bool
	// Undelivered marks a part of an interrupted reply that the target made,
	// and that did not play before the interruption: audio behind that point,
	// and a transcript that covers it.
	Undelivered bool
}

// Message is one turn of one role.
type Message struct {
	Role  Role
	Parts []Part
	// Delivery says how a user's message is to reach the target.
	Delivery Delivery
}

// UserText returns a user message with one text part.
func UserText(s string) Message {
	return Message{Role: User, Parts: []Part{{Value: TextValue(s)}}}
}

// Of returns the message's values of one modality, in order.
func (m Message) Of(modality Modality) []Value {
	var values []Value
	for _, p := range m.Parts {
		if p.Modality == modality {
			values = append(values, p.Value)
		}
	}
	return values
}

// WaitingCalls returns the calls of tools that wait for a result, in order: those
// whose result is in the message, the target has carried out itself.
func (m Message) WaitingCalls() []Value {
	carriedOut := map[string]bool{}
	for _, v := range m.Of(ToolResult) {
		carriedOut[callID(v)] = true
	}
	return slices.DeleteFunc(m.Of(ToolCall), func(v Value) bool {
		id := callID(v)
		return id != "" && carriedOut[id]
	})
}

// callID returns the identifier of a call, or of its result; "" for none.
func callID(v Value) string {
	var call struct {
		ID string `json:"call_id"`
	}
	_ = json.Unmarshal(v.Data, &call) // what is no object has none
	return call.ID
}

// Text returns the text parts of the message joined by newlines, transcripts
// included; invalid UTF-8 is replaced by U+FFFD.
func (m Message) Text() string {
	var texts []string
	for _, v := range m.Of(Text) {
		s := v.Text()
		if !utf8.ValidString(s) {
			s = strings.ToValidUTF8(s, "\uFFFD")
		}
		texts = append(texts, s)
	}
	return strings.Join(texts, "\n")
}

// WithoutReasoning returns the message without its parts of [Reasoning].
func (m Message) WithoutReasoning() Message {
	isReasoning := func(p Part) bool { return p.Modality == Reasoning }
	if slices.ContainsFunc(m.Parts, isReasoning) {
		m.Parts = slices.DeleteFunc(slices.Clone(m.Parts), isReasoning)
	}
	return m
}

// Empty reports whether the message says nothing: it has no part with any data,
// or only [Reasoning].
func (m Message) Empty() bool {
	for _, p := range m.Parts {
		if len(p.Data) > 0 && p.Modality != Reasoning {
			return false
		}
	}
	return true
}

// Blank reports whether the message has nothing that can be seen or heard: no sound and
// no image, and no text with a character that is seen. White space, controls and code
// points that are ignored by default (Unicode 17, section 5.21) are none. It may have
// calls of tools, and [Reasoning].
func (m Message) Blank() bool {
	for _, p := range m.Parts {
		if len(p.Data) > 0 && (p.Modality == Audio || p.Modality == Image) {
			return false
		}
	}
	return !strings.ContainsFunc(m.Text(), isSeen)
}

// isSeen reports whether a character is seen. Package core/text says the same of every
// character.
func isSeen(r rune) bool {
	switch r {
	case '\u2800', '\U00016FE4', '\U0001D159': // a pattern without dots, a filler, the head of a note that has none
		return false
	}
	return unicode.Is(unicode.Prepended_Concatenation_Mark, r) ||
		!unicode.IsSpace(r) && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
