package realtime

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// onError decides whether an error event ends a turn: it does if it names an
// event of the turn, or if its code says that no answer will follow. Most others
// leave the session as it was.
func (ts *turns) onError(e *serverEvent) (changed bool) {
	t, said := ts.current, e.Error
	n := eventNumber(said.EventID)
	switch {
	case said.EventID != "" && said.EventID == t.answer.cancel.id:
		t.onNotCancelled(said)
	case strings.HasPrefix(said.EventID, afterwards): // it is about what the service was told of a reply
		t.warn("the service objected: " + said.text())
	case ts.next != nil && (n > ts.next.before || n == 0 && t.answer.ended != nil):
		ts.next.onError(said, n)
	case ts.complete(): // the reply is there, whatever comes after it
	default:
		t.onError(said, n)
	}
	return true
}

// onError is [turns.onError] for one turn. n is the number of the event that
// the error names, and 0 if it names none.
func (t *turn) onError(e serviceError, n int) {
	own := n > t.before && n <= t.ledger.ids
	switch {
	case e.EventID != "" && e.EventID == t.answer.cancel.id:
		t.onNotCancelled(e)
	case e.benign():
	case e.filtered() && !t.out.asked.IsZero() && (n == 0 || own): // an answer, if not in the form of one
		t.answer.ended = &responseBody{Status: "failed", Details: responseDetails{Error: e}}
	case own, e.grave():
		t.fail(e.err("waiting for the reply"))
	default:
		if n == 0 || n > t.before {
			t.objection = e.text()
		}
		t.warn("the service objected: " + e.text())
	}
}

// onNotCancelled notes that the reply could not be cancelled: mostly because
// there was nothing to cancel.
func (t *turn) onNotCancelled(e serviceError) {
	if t.answer.cancel.idle = e.benign(); !t.answer.cancel.idle {
		t.warn("the service objected: " + e.text())
	}
}

// afterwards begins the ids of events that are about a reply that is over, and
// not about the turn during which they are sent.
const afterwards = "after"

// eventNumber returns the number in an event id that the target gave out, or 0.
func eventNumber(eventID string) int {
	number, ok := strings.CutPrefix(eventID, "ev_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return n
}

// maxLimits bounds the limits that a service may tell of; they know of three.
const maxLimits = 16

// onRateLimits keeps what is left of the service's limits.
func (ts *turns) onRateLimits(e *serverEvent) (changed bool) {
	var limits []core.RateLimit // what a reply has been given is its own
	for _, l := range e.RateLimits[:min(len(e.RateLimits), maxLimits)] {
		if !l.Told {
			continue // none left is something else than nothing said
		}
		reset := time.Duration(min(max(l.ResetSeconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
		limits = append(limits, core.RateLimit{Name: l.Name, Limit: l.Limit, Remaining: l.Remaining, Reset: reset})
	}
	ts.current.limits = limits
	return false
}

// onItemAdded notes that the service has an item, of which the turn may have
// been waiting for.
func (ts *turns) onItemAdded(e *serverEvent) (changed bool) {
	out, id := &ts.latest().out, e.Item.ID
	ts.current.ledger.acknowledges = ts.current.ledger.acknowledges || slices.Contains(out.items, id)
	return out.confirm(id)
}

// onTranscript keeps what the service says that it heard in a turn. It says so
// in its own time, so that an event may be about an earlier turn.
func (ts *turns) onTranscript(e *serverEvent) (changed bool) {
	return ts.current.onTranscript(e) || ts.next != nil && ts.next.onTranscript(e)
}

// onSpeech notes what the service says of the audio in its buffer.
func (ts *turns) onSpeech(e *serverEvent) (changed bool) {
	t := ts.latest()
	if !t.out.buffered {
		return false // it is left of another turn
	}
	switch e.Type {
	case eventCommitted:
		t.onCommitted(e.ItemID, e.came)
	case eventSpeechStarted:
		t.out.onSpeechStarted(e.came, ts.current.config.TurnDetection.answers())
		if t != ts.current {
			ts.current.spokenOver(e.came)
		}
	}
	return true
}

// onCreated notes the response that answers a turn.
func (ts *turns) onCreated(e *serverEvent) (changed bool) {
	r := &e.Response
	ts.current.terms.labels = ts.current.terms.labels || r.Labelled
	if ts.current.answer.response != "" && ts.next != nil {
		ts.next.onCreated(r, e.came)
	} else {
		ts.current.onCreated(r, e.came)
	}
	return true
}

// onDone notes that a response is over.
func (ts *turns) onDone(e *serverEvent) (changed bool) {
	return ts.current.onDone(&e.Response) || ts.next != nil && ts.next.onDone(&e.Response)
}

// onPiece adds what an event of a response says to the reply. Others have to
// know of it if the reply is too long; and, if it is to be spoken over, how long
// it is.
func (ts *turns) onPiece(e *serverEvent) (changed bool) {
	t := ts.current
	if !t.answer.is(e.ResponseID) {
		if t = ts.next; t == nil || !t.answer.is(e.ResponseID) {
			return false // it is left of another response
		}
	}
	return t.onPiece(e) || ts.current.over != nil && !ts.current.answer.playback.cut && ts.next == nil
}

// onAfterwards looks at an event that comes when the reply is there: what the
// service heard, and what is about the next turn. A service that goes on by
// itself may have answered a part of the turn only.
func (ts *turns) onAfterwards(e *serverEvent) (changed bool) {
	t := ts.current
	switch {
	case e.Type == eventHeard, e.Type == eventNotHeard:
		return t.onTranscript(e)
	case e.Type == eventSpeechStarted, e.Type == eventResponseCreated && e.Response.ID != t.answer.response:
		t.answer.partial = t.answer.partial || t.out.speech != nil
		ts.current.terms.outOfSync = true
	}
	return false
}
