package realtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// replyMargin is what waiting for a transcript leaves of the caller's time: a
// reply that is there must not be lost to it.
const replyMargin = 500 * time.Millisecond

// takeCommitted notes the id that the service gave to audio of this turn,
// which went through the input buffer.
func (t *turn) takeCommitted(itemID string) {
	if itemID == "" {
		return
	}
	t.items = append(t.items, itemID)
	if t.c.transcribes {
		t.unheard = append(t.unheard, itemID)
	}
}

// takeHeard keeps what the service says that it heard in this turn. It says so
// in its own time, so that an event may be about an earlier turn.
func (t *turn) takeHeard(e *serverEvent) {
	i := slices.Index(t.unheard, e.ItemID)
	if i < 0 {
		if t.next != nil {
			t.next.takeHeard(e)
		}
		return
	}
	t.unheard = slices.Delete(t.unheard, i, i+1)
	if e.Type == eventNotHeard {
		t.warn("the service could not transcribe the audio: " + e.Error.text())
		return
	}
	t.heard = append(t.heard, value(e.Transcript))
}

// awaitHeard waits a moment for the transcripts that are still to come after
// the reply. The reply is whole without them, so nothing that goes wrong here
// is an error. A turn that has begun over the reply is not kept waiting.
func (t *turn) awaitHeard(ctx context.Context) {
	deadline := time.Now().Add(t.c.config.Timeouts.Transcript.Std())
	if end, ok := ctx.Deadline(); ok {
		deadline = earliest(deadline, end.Add(-replyMargin))
	}
	for len(t.unheard) > 0 && t.next == nil {
		err := t.c.socket.wait(ctx, deadline)
		if errors.Is(err, errExpired) {
			err = fmt.Errorf("nothing came within %s", t.c.config.Timeouts.Transcript)
		}
		if err != nil {
			t.warn(fmt.Sprintf("the service did not say what it heard: %v", err))
			return
		}
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
