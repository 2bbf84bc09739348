package realtime

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// transcripts are what the service says that it heard of a message's audio.
type transcripts struct {
	pending []string // ids of items with audio, whose transcripts are still to come
	texts   []string
}

// waiting reports whether there are more to come.
func (h *transcripts) waiting() bool { return len(h.pending) > 0 }

// text is all that was heard.
func (h *transcripts) text() string { return strings.TrimSpace(strings.Join(h.texts, "\n")) }

// giveUp stops waiting for more. Nothing that goes wrong with transcripts is an
// error: the reply is whole without them.
func (h *transcripts) giveUp(t *turn, why error) {
	h.pending = nil
	t.warn(fmt.Sprintf("the service did not say what it heard: %v", why))
}

// onTranscript keeps what was heard of an item, and reports whether the item is
// this turn's.
func (t *turn) onTranscript(e *serverEvent) bool {
	i := slices.Index(t.heard.pending, e.ItemID)
	if i < 0 {
		return false
	}
	t.heard.pending = slices.Delete(t.heard.pending, i, i+1)
	if e.Type == eventNotHeard {
		t.warn("the service could not transcribe the audio: " + e.Error.text())
	} else {
		t.heard.texts = append(t.heard.texts, value(e.Transcript))
	}
	return true
}

// onCommitted notes the id that the service gave to audio of this turn, which
// went through the input buffer.
func (t *turn) onCommitted(itemID string, now time.Time) {
	if itemID != "" {
		t.out.items = append(t.out.items, itemID)
		if t.terms.transcribes {
			t.heard.pending = append(t.heard.pending, itemID)
		}
	}
	if s := t.out.speech; s != nil {
		s.segments++
		s.open, s.ended = false, now
	}
}

// spokenIDs returns the ids of the items that events create with audio, once
// for each piece of audio.
func spokenIDs(events []any) []string {
	var ids []string
	for _, event := range events {
		create, ok := event.(itemCreate)
		if !ok {
			continue
		}
		for _, part := range create.Item.Content {
			if part.Type == "input_audio" {
				ids = append(ids, create.Item.ID)
			}
		}
	}
	return ids
}
