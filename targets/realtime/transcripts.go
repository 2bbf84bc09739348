package realtime

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// transcripts are the service's transcripts of a message's audio.
type transcripts struct {
	pending []string // ids of items with audio whose transcripts have not arrived
	texts   []string
	// missing says that a transcript never came, or that the service could not make it.
	missing bool
	// confidence is how sure the service was of the texts.
	confidence confidence
}

// waiting reports whether transcripts are missing.
func (h *transcripts) waiting() bool { return len(h.pending) > 0 }

// text joins all transcripts.
func (h *transcripts) text() string { return strings.TrimSpace(strings.Join(h.texts, "\n")) }

// giveUp stops waiting for transcripts. The reply is complete without them, but
// nobody knows then what it answers.
func (h *transcripts) giveUp(t *turn, why error) {
	h.pending, h.missing = nil, true
	t.warn(fmt.Sprintf("the service did not say what it heard: %v", why))
}

// onTranscript keeps the transcript of an item, and reports whether the item is
// this turn's.
func (t *turn) onTranscript(e *serverEvent) bool {
	i := slices.Index(t.heard.pending, e.ItemID)
	if i < 0 {
		return false
	}
	t.heard.pending = slices.Delete(t.heard.pending, i, i+1)
	if e.Type == eventNotHeard {
		t.heard.missing = true
		t.warn("the service could not transcribe the audio: " + e.Error.Text())
	} else {
		t.heard.texts = append(t.heard.texts, value(e.Transcript))
		if len(t.config.Include) > 0 && value(e.Transcript) != "" && !t.heard.confidence.add(e.Logprobs) {
			t.warn("the service did not say how sure it was of what it heard")
		}
	}
	return true
}

// isHeardMissing reports whether the campaign asks what the service hears, and it did
// not say so of all of the turn's audio.
func (t *turn) isHeardMissing() bool {
	isAsked := t.config.TranscriptionModel != "" && !t.message.Delivery.OutOfBand && len(t.message.Of(core.Audio)) > 0
	return isAsked && (t.heard.missing || t.heard.waiting() || len(t.heard.texts) == 0)
}

// onCommitted records the id of an item that the service made of this turn's
// audio in the input buffer.
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

// spokenIDs returns the ids of the items with audio that events create, once
// for each audio part.
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
