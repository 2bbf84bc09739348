package realtime

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// turns are the turn whose reply is being waited for, and the one that is being
// said over that reply. They know which of the two an event is about.
type turns struct {
	current *turn
	next    *turn // nil while nothing is said over the reply
}

// dispatch hands the event to its handler.
func (ts *turns) dispatch(e *serverEvent) (changed bool) {
	kind := e.kind
	if kind == nil { // a dialect may have read it
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

// maxUnknownTypes bounds the unknown types of events that are remarked upon.
const maxUnknownTypes = 10

// remark notes an event of an unknown type, once in a conversation.
func (ts *turns) remark(eventType string) {
	seen := ts.current.ledger.unknownTypes
	if known(eventType) || seen[eventType] || len(seen) >= maxUnknownTypes {
		return
	}
	seen[eventType] = true
	ts.current.warn("the service sends events of a type that is not known: " + phrase.Shorten(eventType, shownSetting))
}

// unanswered is the turn that an error is about which does not say so: the one
// that still has to be answered.
func (ts *turns) unanswered() *turn {
	if ts.next != nil && ts.current.answer.ended != nil {
		return ts.next
	}
	return ts.current
}

// latest is the turn that is being said.
func (ts *turns) latest() *turn {
	if ts.next != nil {
		return ts.next
	}
	return ts.current
}

// onSent notes that all that was to be sent was sent.
func (ts *turns) onSent(now time.Time) {
	ts.current.out.onSent(now)
	if ts.next != nil {
		ts.next.out.onSent(now)
	}
}

// complete reports whether the reply is whole, and nothing more is to be done
// about it.
func (ts *turns) complete() bool {
	return ts.current.answer.ended != nil && ts.current.out.speech.answered() && ts.interrupted()
}

// release gives the audio of replies back, once the exchange is over.
func (ts *turns) release() {
	ts.current.answer.reply.release()
	if ts.next != nil {
		ts.next.answer.reply.release()
	}
}
