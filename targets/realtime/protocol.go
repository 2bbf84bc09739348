package realtime

import (
	"encoding/json"
	"strings"
)

// The server events that the target looks at, under the names of the protocol
// as it is now.
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
	eventOutputItemDone  = "response.output_item.done"
	eventTextDelta       = "response.output_text.delta"
	eventTextDone        = "response.output_text.done"
	eventAudioDelta      = "response.output_audio.delta"
	eventTranscriptDelta = "response.output_audio_transcript.delta"
	eventTranscriptDone  = "response.output_audio_transcript.done"
)

// eventType is a row of the protocol.
type eventType struct {
	// name is the present one; with a final * it stands for all names that begin
	// so.
	name string
	// alias is the name in the beta, which compatible services may still use; ""
	// where it was the same.
	alias string
	// read decodes what is looked at; nil where nothing is.
	read func(in members, frame []byte, e *serverEvent) error
	// on is what a turn makes of the event, and reports whether there may be
	// something to do; nil where it only tells that its response goes on.
	on func(ts *turns, e *serverEvent) (changed bool)
}

// protocol are all server events, in the order of the protocol's documentation.
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
	{name: "conversation.item.done"},
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
	{name: "response.output_item.added"},
	{name: eventOutputItemDone, read: readOutputItemDone, on: (*turns).onPiece},
	{name: "response.content_part.added"},
	{name: "response.content_part.done"},

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
	{name: "response.function_call_arguments.*"},
	{name: "response.mcp_call*"},
	{name: "mcp_list_tools.*"},

	// Output buffer
	{name: "output_audio_buffer.*"},
}

// eventTypes are the rows of the protocol by their names and aliases.
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

// current returns the present name of an event, and whether the target reads it.
func current(name string) (present string, read bool) {
	if kind := eventTypes[name]; kind != nil {
		return kind.name, kind.read != nil
	}
	return name, false
}

// known reports whether the protocol has an event, or one of the services adds
// it, though the target has no use for it.
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

// readAll decodes events of which there are few.
func readAll(_ members, frame []byte, e *serverEvent) error {
	name := e.Type
	err := json.Unmarshal(frame, e)
	e.Type = name
	return err
}

func readRateLimits(in members, _ []byte, e *serverEvent) (err error) {
	e.RateLimits, err = readLimits(in.limits)
	return err
}

func readItemAdded(in members, _ []byte, e *serverEvent) (err error) {
	e.Item.ID, err = memberString(in.item, "id")
	return err
}

func readCreated(in members, _ []byte, e *serverEvent) error {
	return e.Response.readCreated(in.response)
}

func readDone(in members, _ []byte, e *serverEvent) error { return e.Response.readDone(in.response) }

// readOutputItemDone decodes calls; what other items say is known already.
func readOutputItemDone(in members, frame []byte, e *serverEvent) (err error) {
	if e.Item.Type, err = memberString(in.item, "type"); err == nil && e.Item.Type == "function_call" {
		err = json.Unmarshal(frame, e)
	}
	return err
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
