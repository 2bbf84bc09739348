package realtime

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxItemAudio is the largest raw audio of one item, in bytes. No limit of
	// items is documented; this is that of the input buffer.
	maxItemAudio = 1 << 20
	// appendSize is the raw audio of one append event, in bytes.
	appendSize = 1 << 20
)

// encoder turns messages into client events.
type encoder struct {
	input format
	// nextID returns an id that is unique within the socket, of at most 32
	// characters, the protocol's limit.
	nextID func(prefix string) string
	// detects says that the service runs turn detection on its input buffer.
	detects bool
	// remote are the types of the items of MCP servers that wait for something.
	remote   map[string]string
	warnings []string
}

// message encodes the message of a user or a tool: its events, and the audio
// that is streamed after them, in the input format.
func (e *encoder) message(m core.Message, stream bool) (events []any, speech []byte, err error) {
	if len(m.Parts) == 0 {
		return nil, nil, core.Errorf(core.ErrorInput, "the message is empty")
	}
	switch m.Role {
	case core.Tool:
		events, err = e.toolResults(m)
		return events, nil, err
	case core.User:
	default:
		return nil, nil, core.Errorf(core.ErrorUnsupported, "a %s message cannot be sent as a turn", m.Role)
	}
	parts, size, err := e.userParts(m)
	switch {
	case err != nil:
		return nil, nil, err
	case size > 0 && (stream || e.detects && size > maxItemAudio):
		events, speech = e.streamed(parts)
		return events, speech, nil
	case size > maxItemAudio:
		return e.buffered(parts), nil, nil
	}
	return []any{e.item(inputItem{Type: "message", Role: "user", Content: parts})}, nil, nil
}

// streamed separates the streamed audio from the parts that are sent before it.
func (e *encoder) streamed(parts []inputPart) (events []any, speech []byte) {
	var rest []inputPart
	for _, part := range parts {
		if part.Type == "input_audio" {
			speech = append(speech, part.Audio...)
		} else {
			rest = append(rest, part)
		}
	}
	if len(rest) > 0 {
		events = append(events, e.item(inputItem{Type: "message", Role: "user", Content: rest}))
	}
	return events, speech
}

// userParts encodes a user's parts and adds up the size of their audio.
func (e *encoder) userParts(m core.Message) (parts []inputPart, size int, err error) {
	for i, p := range m.Parts {
		part, err := e.part(p.Value)
		if err != nil {
			return nil, 0, fmt.Errorf("part %d of the message: %w", i+1, err)
		}
		size += len(part.Audio)
		parts = append(parts, part)
	}
	return parts, size, nil
}

func (e *encoder) part(v core.Value) (inputPart, error) {
	switch v.Modality {
	case core.Text:
		text, err := encodable(v)
		return inputPart{Type: "input_text", Text: &text}, err
	case core.Audio:
		switch v.BaseMediaType() {
		case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave":
		default:
			return inputPart{}, core.Errorf(core.ErrorUnsupported, "audio of type %q", v.MediaType).
				WithHint("convert it to audio/wav")
		}
		raw, warnings, err := e.input.encode(v.Data)
		for _, w := range warnings {
			e.warnings = append(e.warnings, "the audio that was sent: "+w)
		}
		return inputPart{Type: "input_audio", Audio: raw}, err
	case core.Image:
		return image(v)
	}
	return inputPart{}, core.Errorf(core.ErrorUnsupported, "a part of modality %q in a user's message", v.Modality)
}

// maxImage is the largest size of an image, in bytes: its base64 has to fit a
// frame.
const maxImage = 15 << 20

// image encodes an image as data: URL, the only form that the protocol takes.
func image(v core.Value) (inputPart, error) {
	mediaType := v.BaseMediaType()
	if mediaType != "image/png" && mediaType != "image/jpeg" {
		return inputPart{}, core.Errorf(core.ErrorUnsupported, "an image of type %q", v.MediaType).
			WithHint("convert it to image/png or image/jpeg")
	}
	if len(v.Data) == 0 || len(v.Data) > maxImage {
		return inputPart{}, core.Errorf(core.ErrorInput, "an image of %d bytes does not have 1 to %d", len(v.Data), maxImage)
	}
	return inputPart{Type: "input_image", ImageURL: "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString(v.Data)}, nil
}

// encodable returns the text if it is valid UTF-8. Invalid bytes are an error:
// JSON would replace them, and the target would get another text than the
// campaign has.
func encodable(v core.Value) (string, error) {
	if !utf8.Valid(v.Data) {
		return "", core.Errorf(core.ErrorInput, "the text is not valid UTF-8, which this protocol cannot carry").
			WithHint("encode it with a converter such as base64")
	}
	return v.Text(), nil
}

func (e *encoder) item(item inputItem) itemCreate {
	item.ID = e.nextID("item")
	return itemCreate{Type: "conversation.item.create", EventID: e.nextID("ev"), Item: item}
}

// buffered sends long audio through the input buffer. Consecutive audio parts
// become one item, and so does each other part, in the order of the message.
func (e *encoder) buffered(parts []inputPart) []any {
	var events []any
	for i, part := range parts {
		if part.Type != "input_audio" {
			events = append(events, e.item(inputItem{Type: "message", Role: "user", Content: []inputPart{part}}))
			continue
		}
		for raw := part.Audio; len(raw) > 0; {
			n := min(len(raw), appendSize)
			events = append(events, audioAppend{Type: "input_audio_buffer.append", EventID: e.nextID("ev"), Audio: raw[:n]})
			raw = raw[n:]
		}
		if i+1 == len(parts) || parts[i+1].Type != "input_audio" {
			events = append(events, bareEvent{Type: "input_audio_buffer.commit", EventID: e.nextID("ev")})
		}
	}
	return events
}

func (e *encoder) toolResults(m core.Message) ([]any, error) {
	var events []any
	for i, p := range m.Parts {
		item, err := toolItem(p.Value)
		if err != nil {
			return nil, fmt.Errorf("part %d of the message: %w", i+1, err)
		}
		if p.Modality != core.ToolResult {
			return nil, core.Errorf(core.ErrorUnsupported, "part %d of the message: %q in a tool's message", i+1, p.Modality)
		}
		switch e.remote[item.CallID] {
		case typeMCPApproval:
			approve, reason := decision(*item.Output)
			events = append(events, e.approval(item.CallID, approve, reason))
		case typeMCPCall: // the service has its result
		default:
			events = append(events, e.item(item))
		}
	}
	return events, nil
}

// approval answers a request for approval of a call.
func (e *encoder) approval(requestID string, approve bool, reason string) itemCreate {
	return e.item(inputItem{Type: "mcp_approval_response", ApprovalRequestID: requestID, Approve: &approve, Reason: reason})
}

// decision reads the answer of a campaign to a request for approval: "approve",
// "approved", "yes" or "true". Anything else refuses, and is the reason.
func decision(output string) (approve bool, reason string) {
	word := strings.ToLower(strings.TrimSpace(output))
	if slices.Contains([]string{"approve", "approved", "yes", "true"}, word) {
		return true, ""
	}
	return false, output
}

// approvals returns the number of calls that events approve.
func approvals(events []any) int {
	n := 0
	for _, event := range events {
		if create, ok := event.(itemCreate); ok && create.Item.Approve != nil && *create.Item.Approve {
			n++
		}
	}
	return n
}

// toolItem encodes a tool call or its result.
func toolItem(v core.Value) (inputItem, error) {
	var call struct {
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
		Output    string `json:"output"`
	}
	if err := json.Unmarshal(v.Data, &call); err != nil {
		return inputItem{}, core.Errorf(core.ErrorInput, "reading a %s: %w", v.Modality, err)
	}
	if v.Modality == core.ToolCall {
		return inputItem{Type: "function_call", CallID: call.CallID, Name: call.Name, Arguments: &call.Arguments}, nil
	}
	return inputItem{Type: "function_call_output", CallID: call.CallID, Output: &call.Output}, nil
}

// history encodes a message of the history, one event per item.
func (e *encoder) history(m core.Message) ([]itemCreate, error) {
	var items []itemCreate
	var said []inputPart
	for i, p := range m.Parts {
		if p.Modality == core.ToolCall || p.Modality == core.ToolResult {
			item, err := toolItem(p.Value)
			if err != nil {
				return nil, fmt.Errorf("part %d of the message: %w", i+1, err)
			}
			items = append(items, e.item(item))
			continue
		}
		part, keep, err := e.pastPart(m, p.Value)
		if err != nil {
			return nil, fmt.Errorf("part %d of the message: %w", i+1, err)
		}
		if keep {
			said = append(said, part)
		}
	}
	if len(said) == 0 {
		return items, nil
	}
	message := e.item(inputItem{Type: "message", Role: string(m.Role), Content: said})
	return append([]itemCreate{message}, items...), nil
}

// pastPart encodes a part of the history. The protocol takes no audio of the
// assistant, so its transcript is sent instead.
func (e *encoder) pastPart(m core.Message, v core.Value) (part inputPart, keep bool, err error) {
	if m.Role == core.Assistant && v.Modality == core.Audio {
		if len(m.Of(core.Text)) == 0 {
			return inputPart{}, false, core.Errorf(core.ErrorUnsupported, "an assistant's audio has no transcript, and audio alone cannot be given back")
		}
		return inputPart{}, false, nil
	}
	part, err = e.part(v)
	if m.Role == core.Assistant {
		part.Type = "output_text"
	}
	return part, true, err
}
