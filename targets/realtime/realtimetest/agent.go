package realtimetest

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Agent is the mind, the ears and the voice behind a [Server]. One agent serves
// all conversations, concurrently; what a conversation remembers is in the
// items that the server hands it.
type Agent interface {
	// Hear returns what a user's audio says. The audio is mono PCM16
	// little-endian at 24,000 Hz. It returns "" where nothing can be heard.
	Hear(ctx context.Context, pcm []byte) (string, error)
	// Answer returns the reply to the last item. The items are the whole
	// conversation as the server has it, oldest first. It returns as soon as
	// the context ends: the user may have begun to speak over it.
	Answer(ctx context.Context, instructions string, items []Item) (string, error)
	// Speak returns text as speech: mono PCM16 little-endian at 24,000 Hz.
	Speak(ctx context.Context, text string) ([]byte, error)
}

// Item is one message of a conversation as the server keeps it.
type Item struct {
	ID   string
	Role core.Role
	// Text is what was written, or heard, or said: of a function call its
	// arguments, of the result of one its output.
	Text string
	// Name is the function of a call, and "" for every other item. CallID is
	// what a call and its result have in common.
	Name, CallID string
	// Spoken reports whether the item came or went as audio.
	Spoken bool
	// Images are what a user showed. They are shared by all who see the item:
	// do not change them.
	Images []Image
}
