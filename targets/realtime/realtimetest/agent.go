package realtimetest

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Agent hears, thinks and speaks for a [Server]. One agent serves all
// conversations, concurrently; it is given each conversation as items and need
// not keep any state.
type Agent interface {
	// Hear returns the transcript of a user's audio: mono PCM16 little-endian
	// at 24,000 Hz. It returns "" where nothing can be heard.
	Hear(ctx context.Context, pcm []byte) (string, error)
	// Answer returns the reply to the last item. The items are the whole
	// conversation, oldest first. It returns as soon as the context ends,
	// because the user may interrupt the reply.
	Answer(ctx context.Context, instructions string, items []Item) (string, error)
	// Speak returns text as speech: mono PCM16 little-endian at 24,000 Hz.
	Speak(ctx context.Context, text string) ([]byte, error)
}

// Item is one message of a conversation.
type Item struct {
	ID   string
	Role core.Role
	// Text is the text, or the transcript of audio; of a function call the
	// arguments, of a function's result the output.
	Text string
	// Name is the function of a call, and "" for every other item. CallID is
	// shared by a call and its result.
	Name, CallID string
	// Spoken reports whether the item was audio.
	Spoken bool
	// Images are the images of a user's message. They are shared and must not
	// be changed.
	Images []Image
}
