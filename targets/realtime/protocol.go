package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// The server events that the target reads, by their names in the generally
// available protocol.
const (
	eventError           = "error"
	eventSessionCreated  = "session.created"
	eventSessionUpdated  = "session.updated"
	eventItemAdded       = "conversation.item.added"
	eventCommitted       = "input_audio_buffer.committed"
	eventSpeechStarted   = "input_audio_buffer.speech_started"
	eventSpeechStopped   = "input_audio_buffer.speech_stopped"
	eventRateLimits      = "rate_limits.updated"
	eventHeard           = "conversation.item.input_audio_transcription.completed"
	eventNotHeard        = "conversation.item.input_audio_transcription.failed"
	eventResponseCreated = "response.created"
	eventResponseDone    = "response.done"
	eventOutputItemAdded = "response.output_item.added"
	eventOutputItemDone  = "response.output_item.done"
	eventPartDone        = "response.content_part.done"
	eventTextDelta       = "response.output_text.delta"
	eventTextDone        = "response.output_text.done"
	eventAudioDelta      = "response.output_audio.delta"
	eventTranscriptDelta = "response.output_audio_transcript.delta"
	eventTranscriptDone  = "response.output_audio_transcript.done"

	eventItemDone      = "conversation.item.done"
	eventListedTools   = "mcp_list_tools.completed"
	eventListedNoTools = "mcp_list_tools.failed"
	eventMCPCompleted  = "response.mcp_call.completed"
	eventMCPFailed     = "response.mcp_call.failed"

	eventArgumentsDelta    = "response.function_call_arguments.delta"
	eventArgumentsDone     = "response.function_call_arguments.done"
	eventMCPArgumentsDelta = "response.mcp_call_arguments.delta"
	eventMCPArgumentsDone  = "response.mcp_call_arguments.done"
)

// eventType is a row of the protocol.
type eventType struct {
	// name is the event's type; a final * matches any rest.
	name string
	// alias is the type in the beta protocol, which compatible services may
	// still use; "" where it is the same.
	alias string
	// read decodes the fields that the target uses; nil where it uses none.
	read func(in members, frame []byte, e *serverEvent) error
	// on handles the event for a turn, and reports whether done or due may have
	// changed; nil where the event only shows that its response goes on.
	on func(ts *turns, e *serverEvent) (changed bool)
}

// protocol lists all server events, in the order of the protocol's
// documentation.
var protocol = []eventType{
	// Session
	{name: eventSessionCreated, read: readAll},
	{name: eventSessionUpdated, read: readAll},

	// Errors and limits
	{name: eventError, read: readAll, on: (*turns).onError},
	{name: eventRateLimits, read: readRateLimits, on: (*turns).onRateLimits},

	// Conversation
	{name: "conversation.created"},
	{name: eventItemAdded, alias: "conversation.item.created", read: readItemAdded, on: (*turns).onItemAdded},
	{name: eventItemDone, read: readItemDone, on: (*turns).onItemDone},
	{name: "conversation.item.deleted"},
	{name: "conversation.item.retrieved"},
	{name: "conversation.item.truncated"},

	// Transcripts of what the service hears
	{name: eventHeard, read: readAll, on: (*turns).onTranscript},
	{name: eventNotHeard, read: readAll, on: (*turns).onTranscript},
	{name: "conversation.item.input_audio_transcription.*"},

	// Input buffer
	{name: eventCommitted, read: readAll, on: (*turns).onSpeech},
	{name: eventSpeechStarted, read: readAll, on: (*turns).onSpeech},
	{name: eventSpeechStopped, read: readAll, on: (*turns).onSpeech},
	{name: "input_audio_buffer.*"},

	// Response
	{name: eventResponseCreated, read: readCreated, on: (*turns).onCreated},
	{name: eventResponseDone, read: readDone, on: (*turns).onDone},
	{name: eventOutputItemAdded, read: readOutputItem, on: (*turns).onPiece},
	{name: eventOutputItemDone, read: readOutputItem, on: (*turns).onPiece},
	{name: "response.content_part.added"},
	{name: eventPartDone, read: readPartDone, on: (*turns).onPiece},

	// Text
	{name: eventTextDelta, alias: "response.text.delta", read: readTextDelta, on: (*turns).onPiece},
	{name: eventTextDone, alias: "response.text.done", read: readTextDone, on: (*turns).onPiece},

	// Audio
	{name: eventAudioDelta, alias: "response.audio.delta", read: readAudioDelta, on: (*turns).onPiece},
	{name: "response.output_audio.done", alias: "response.audio.done"},

	// Transcripts of what the service says
	{name: eventTranscriptDelta, alias: "response.audio_transcript.delta", read: readTextDelta, on: (*turns).onPiece},
	{name: eventTranscriptDone, alias: "response.audio_transcript.done", read: readTranscriptDone, on: (*turns).onPiece},

	// Tools
	{name: eventArgumentsDelta, read: readArguments, on: (*turns).onPiece},
	{name: eventArgumentsDone, read: readArguments, on: (*turns).onPiece},
	{name: eventMCPArgumentsDelta, read: readArguments, on: (*turns).onPiece},
	{name: eventMCPArgumentsDone, read: readArguments, on: (*turns).onPiece},
	{name: eventMCPCompleted, read: readNothing, on: (*turns).onRemoteEnd},
	{name: eventMCPFailed, read: readNothing, on: (*turns).onRemoteEnd},
	{name: eventListedTools, read: readNothing},
	{name: eventListedNoTools, read: readNothing},
	{name: "response.mcp_call*"},
	{name: "mcp_list_tools.*"},

	// Output buffer
	{name: "output_audio_buffer.*"},
}

// eventTypes maps names and aliases to rows of the protocol.
var eventTypes = func() map[string]*eventType {
	types := make(map[string]*eventType, 2*len(protocol))
	for i := range protocol {
		types[protocol[i].name] = &protocol[i]
		if alias := protocol[i].alias; alias != "" {
			types[alias] = &protocol[i]
		}
	}
	return types
}()

// current returns the present name of an event, and whether the target reads
// it.
func current(name string) (present string, read bool) {
	if kind := eventTypes[name]; kind != nil {
		return kind.name, kind.read != nil
	}
	return name, false
}

// known reports whether the event type is part of the protocol or of a known
// service, even if the target does not use it.
func known(name string) bool {
	if eventTypes[name] != nil {
		return true
	}
	for i := range protocol {
		if group, ok := strings.CutSuffix(protocol[i].name, "*"); ok && strings.HasPrefix(name, group) {
			return true
		}
	}
	return false
}

// readAll decodes infrequent events with encoding/json.
func readAll(_ members, frame []byte, e *serverEvent) error {
	name := e.Type
	err := json.Unmarshal(frame, e)
	e.Type = name
	if _, odd := errors.AsType[*json.UnmarshalTypeError](err); odd {
		return nil // that one field is left out; all others are read
	}
	return err
}

func readRateLimits(in members, _ []byte, e *serverEvent) error {
	e.RateLimits = readLimits(in.limits)
	return nil
}

func readItemAdded(in members, _ []byte, e *serverEvent) (err error) {
	if e.Item.ID, err = memberString(in.item, "id"); err == nil {
		readRemote(in.item, e)
	}
	return err
}

// remoteItem is in each item of MCP servers.
var remoteItem = []byte(`"mcp_`)

// readItemDone decodes the items of MCP servers. All others were told before.
func readItemDone(in members, _ []byte, e *serverEvent) error {
	readRemote(in.item, e)
	return nil
}

func readRemote(item []byte, e *serverEvent) {
	if !bytes.Contains(item, remoteItem) {
		return
	}
	if whole, err := readItem(item); err == nil {
		e.Item = whole
	}
}

// readNothing is for events of which all that is used is read with each event.
func readNothing(members, []byte, *serverEvent) error { return nil }

func readCreated(in members, _ []byte, e *serverEvent) error {
	return e.Response.readCreated(in.response)
}

func readDone(in members, _ []byte, e *serverEvent) error { return e.Response.readDone(in.response) }

// readOutputItem decodes an item of a response.
func readOutputItem(in members, _ []byte, e *serverEvent) (err error) {
	e.Item, err = readItem(in.item)
	return err
}

// readPartDone decodes a content part, whose text mostly arrived before.
func readPartDone(in members, _ []byte, e *serverEvent) (err error) {
	e.part, err = readPart(in.part)
	return err
}

// readArguments decodes the arguments of a call, which end in their last event.
func readArguments(_ members, frame []byte, e *serverEvent) error {
	return eachMember(frame, func(key, value []byte) error {
		switch string(key) {
		case "delta", "arguments":
			e.Item.Arguments = loose(value)
		case "call_id":
			e.Item.CallID = loose(value)
		case "name":
			e.Item.Name = loose(value)
		}
		return nil
	})
}

func readTextDelta(in members, _ []byte, e *serverEvent) (err error) {
	e.delta, err = rawText(in.delta)
	return err
}

func readTextDone(in members, _ []byte, e *serverEvent) (err error) {
	e.Text, err = optional(in.text)
	return err
}

func readAudioDelta(in members, _ []byte, e *serverEvent) (err error) {
	e.delta, err = rawString(in.delta)
	return err
}

func readTranscriptDone(in members, _ []byte, e *serverEvent) (err error) {
	e.Transcript, err = optional(in.text)
	return err
}
