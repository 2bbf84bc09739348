package realtime

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// turns holds the turn whose reply is awaited, and the one that is being sent
// over that reply. It decides which of the two an event concerns.
type turns struct {
	current *turn
	next    *turn // nil while nothing is sent over the reply
}

// dispatch passes the event to its handler.
func (ts *turns) dispatch(e *serverEvent) (changed bool) {
	kind := e.kind
	if kind == nil { // decode of a dialect may have set it
		kind = eventTypes[e.Type]
	}
	switch {
	case kind != nil && kind.on != nil:
		return kind.on(ts, e)
	case kind == nil:
		ts.remark(e.Type)
	}
	return ts.onPiece(e)
}

// maxUnknownTypes is the number of unknown event types that cause a warning.
const maxUnknownTypes = 10

// remark adds a warning about an unknown event type, once in a conversation.
func (ts *turns) remark(eventType string) {
	seen := ts.current.ledger.unknownTypes
	if known(eventType) || seen[eventType] || len(seen) >= maxUnknownTypes {
		return
	}
	seen[eventType] = true
	ts.current.warn("the service sends events of a type that is not known: " + phrase.Shorten(eventType, shownSetting))
}

// unanswered returns the turn of an error event that names none: the one that
// is not answered yet.
func (ts *turns) unanswered() *turn {
	if ts.next != nil && ts.current.answer.ended != nil {
		return ts.next
	}
	return ts.current
}

// latest returns the turn that is being sent.
func (ts *turns) latest() *turn {
	if ts.next != nil {
		return ts.next
	}
	return ts.current
}

// onSent records that all events were sent.
func (ts *turns) onSent(now time.Time) {
	ts.current.out.onSent(now)
	if ts.next != nil {
		ts.next.out.onSent(now)
	}
}

// complete reports whether the reply is complete and all its events were
// handled.
func (ts *turns) complete() bool {
	awaitsMore := ts.next == nil && ts.current.isUnanswered()
	return ts.current.answer.ended != nil && ts.current.out.speech.answered() && ts.interrupted() && !awaitsMore
}

// release returns the buffers of replies' audio, once the exchange is over.
func (ts *turns) release() {
	ts.current.answer.reply.release()
	if ts.next != nil {
		ts.next.answer.reply.release()
	}
}
