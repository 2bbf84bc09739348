package realtime

import (
	"slices"
	"time"
)

// rollBack makes the service forget a turn that failed, so that the turn can be
// sent again in the same conversation: the response is cancelled, and the items
// of the turn are deleted. Where the service does not confirm the end of the
// response, the session is not used any more.
func (x *exchange) rollBack(now time.Time, err error) (send []any) {
	switch {
	case x.turns.next != nil:
		x.end(err)
		return nil
	case x.turns.current.answer.ended != nil:
		return x.removeTurn(err)
	}
	x.err, x.phase = err, phaseRollBack
	cancel := x.turns.current.cancelReply(now, "the turn failed")
	x.until = x.turns.current.answer.cancel.until
	return []any{cancel}
}

// awaitRollBack waits for the end of the response. again reports whether to
// call it again.
func (x *exchange) awaitRollBack(now time.Time) (send []any, again bool) {
	switch a := &x.turns.current.answer; {
	case a.ended != nil, a.cancel.idle:
		return x.removeTurn(x.err), true
	case now.Before(x.until):
		return nil, false
	}
	x.end(x.err)
	return nil, true
}

// removeTurn ends the exchange with an error, and returns the events that
// delete the items of the turn.
func (x *exchange) removeTurn(err error) (send []any) {
	x.fail(err)
	t := x.turns.current
	if t.out.buffered {
		send = append(send, bareEvent{Type: "input_audio_buffer.clear", EventID: t.ledger.nextID("ev")})
	}
	for _, id := range slices.Concat(t.out.items, t.answer.reply.items()) {
		send = append(send, itemDelete{Type: "conversation.item.delete", EventID: t.ledger.nextID("ev"), ItemID: id})
	}
	return send
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
