package realtime

import "strings"

// known reports whether the protocol has an event, or one of the services adds
// it, though the target has no use for it.
func known(eventType string) bool {
	switch eventType {
	case "conversation.created", "conversation.item.done", "conversation.item.deleted", "conversation.item.retrieved",
		"conversation.item.truncated", "response.output_audio.done", "response.audio.done",
		"response.output_item.added", "response.content_part.added", "response.content_part.done":
		return true
	}
	for _, group := range []string{
		"conversation.item.input_audio_transcription.", "input_audio_buffer.", "output_audio_buffer.",
		"response.function_call_arguments.", "response.mcp_call", "mcp_list_tools.",
	} {
		if strings.HasPrefix(eventType, group) {
			return true
		}
	}
	_, read := current(eventType)
	return read
}

// maxStrange bounds the unknown types that are remarked upon.
const maxStrange = 10

// remark notes an event of an unknown type, once in a conversation.
func (t *turn) remark(eventType string) {
	c := t.c
	if known(eventType) || c.strange[eventType] || len(c.strange) >= maxStrange {
		return
	}
	c.strange[eventType] = true
	if len(eventType) > shownSetting {
		eventType = strings.ToValidUTF8(eventType[:shownSetting], "") + "…"
	}
	t.warn("the service sends events of a type that is not known: " + eventType)
}
