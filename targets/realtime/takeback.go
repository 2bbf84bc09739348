package realtime

import (
	"context"
	"slices"
)

// takeBack makes the service forget a turn that failed, so that the turn can be
// sent again in the same conversation: whatever is still being said is
// cancelled, and the items of the turn are deleted. Where the service does not
// confirm the end of the response, nothing can be sent any more.
//
// The turn has failed already, so that further failures are of no interest.
func (t *turn) takeBack(ctx context.Context, over bool) {
	if t.next != nil || !over && !t.cancelled(ctx) {
		t.c.unsure = true
		return
	}
	if t.buffered {
		event := bareEvent{Type: "input_audio_buffer.clear", EventID: t.c.nextID("ev")}
		if err := t.c.socket.send(ctx, event); err != nil {
			t.c.unsure = true
			return
		}
	}
	for _, id := range slices.Concat(t.items, t.reply.items()) {
		event := itemDelete{Type: "conversation.item.delete", EventID: t.c.nextID("ev"), ItemID: id}
		if err := t.c.socket.send(ctx, event); err != nil {
			t.c.unsure = true
			return
		}
	}
}

// cancelled cancels the response and waits a moment for it to end. It reports
// whether it did.
func (t *turn) cancelled(ctx context.Context) bool {
	if err := t.cancel(ctx, "the turn failed"); err != nil {
		return false
	}
	for t.ended == nil && !t.idle {
		if err := t.c.socket.wait(ctx, t.cancelBy); err != nil {
			return false
		}
	}
	return true
}

// items returns the ids of the output items, each once.
func (r *reply) items() []string {
	var ids []string
	for _, p := range r.pieces {
		if p.itemID != "" && !slices.Contains(ids, p.itemID) {
			ids = append(ids, p.itemID)
		}
	}
	return ids
}

// itemIDs returns the ids of the items that events create.
func itemIDs(events []any) []string {
	var ids []string
	for _, event := range events {
		if create, ok := event.(itemCreate); ok {
			ids = append(ids, create.Item.ID)
		}
	}
	return ids
}
