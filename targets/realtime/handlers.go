package realtime

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// onError handles an error event. It ends a turn if it names an event of the
// turn, or if its code means that no answer will follow. Most other errors
// leave the session unchanged.
func (ts *turns) onError(e *serverEvent) (changed bool) {
	t, said := ts.current, e.Error
	n := eventNumber(said.EventID)
	switch {
	case said.EventID != "" && said.EventID == t.answer.cancel.id:
		t.onNotCancelled(said)
	case strings.HasPrefix(said.EventID, afterwards): // about truncation or deletion of an earlier reply
		t.warn("the service objected: " + said.Text())
	case ts.next != nil && (n > ts.next.before || n == 0 && t.answer.ended != nil):
		ts.next.onError(said, n, e.came)
	case ts.complete(): // the reply is complete
	default:
		t.onError(said, n, e.came)
	}
	return true
}

// onError is [turns.onError] for one turn. n is the number of the event that
// the error names, and 0 if it names none.
func (t *turn) onError(e serviceError, n int, now time.Time) {
	own := n > t.before && n <= t.ledger.ids
	switch {
	case e.EventID != "" && e.EventID == t.answer.cancel.id:
		t.onNotCancelled(e)
	case e.benign():
	case e.Code == "conversation_already_has_active_response" && t.remote.rounds > 0: // it went on by itself
	case e.Filtered() && !t.out.asked.IsZero() && (n == 0 || own): // a blocked answer, sent as an error event
		t.answer.ended = &responseBody{Status: "failed", Details: responseDetails{Error: e}}
	case own, e.grave():
		t.fail(e.err("waiting for the reply"))
	default:
		if n == 0 || n > t.before {
			t.objection = e.Text()
		}
		if e.EventID == "" && t.answer.response == "" && t.refusal == nil {
			t.refusal, t.refusedAt = e.err("waiting for the reply"), now
		}
		t.warn("the service objected: " + e.Text())
	}
}

// onNotCancelled handles the failure of response.cancel, mostly because no
// response was active.
func (t *turn) onNotCancelled(e serviceError) {
	if t.answer.cancel.idle = e.benign(); !t.answer.cancel.idle {
		t.warn("the service objected: " + e.Text())
	}
}

// afterwards is the prefix of the ids of events that concern an earlier reply,
// not the turn during which they are sent.
const afterwards = "after"

// eventNumber returns the number in an event id of the target, or 0.
func eventNumber(eventID string) int {
	number, ok := strings.CutPrefix(eventID, "ev_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return n
}

// maxLimits is the number of rate limits that are kept; services send at most
// three.
const maxLimits = 16

// onRateLimits keeps the remaining rate limits.
func (ts *turns) onRateLimits(e *serverEvent) (changed bool) {
	var limits []core.RateLimit // a new slice: earlier replies keep theirs
	for _, l := range e.RateLimits[:min(len(e.RateLimits), maxLimits)] {
		if !l.Told {
			continue // a missing value does not mean 0
		}
		reset := time.Duration(min(max(l.ResetSeconds, 0), access.MaxRetryAfter.Seconds()) * float64(time.Second))
		limits = append(limits, core.RateLimit{Name: l.Name, Limit: l.Limit, Remaining: l.Remaining, Reset: reset})
	}
	ts.current.limits = limits
	return false
}

// onItemAdded handles the confirmation of an item that the turn may be waiting
// for.
func (ts *turns) onItemAdded(e *serverEvent) (changed bool) {
	out, id := &ts.latest().out, e.Item.ID
	ts.current.ledger.acknowledges = ts.current.ledger.acknowledges || slices.Contains(out.items, id)
	return out.confirm(id) || ts.onItemDone(e)
}

// onItemDone handles an item that the service has added by itself. Only those of MCP
// servers are not told by a response, too.
func (ts *turns) onItemDone(e *serverEvent) (changed bool) {
	return (e.Item.Type == typeMCPCall || e.Item.Type == typeMCPApproval) && ts.onRemoteItem(e)
}

// onTranscript keeps an input transcript. Services send them at any time, so
// that the event may concern an earlier turn.
func (ts *turns) onTranscript(e *serverEvent) (changed bool) {
	return ts.current.onTranscript(e) || ts.next != nil && ts.next.onTranscript(e)
}

// onSpeech handles the events of turn detection.
func (ts *turns) onSpeech(e *serverEvent) (changed bool) {
	t := ts.latest()
	if !t.out.buffered {
		return false // from an earlier turn
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

// onCreated handles response.created.
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

// onDone handles response.done.
func (ts *turns) onDone(e *serverEvent) (changed bool) {
	return ts.current.onDone(&e.Response) || ts.next != nil && ts.next.onDone(&e.Response)
}

// onPiece adds an event of a response to the reply. It also handles a reply
// that is too long, and the playing time of one that is to be interrupted.
func (ts *turns) onPiece(e *serverEvent) (changed bool) {
	t := ts.current
	if !t.answer.owns(e.ResponseID) {
		if t = ts.next; t == nil || !t.answer.owns(e.ResponseID) {
			return (e.Type == eventOutputItemAdded || e.Type == eventOutputItemDone) && ts.onItemDone(e) // from an earlier response
		}
	}
	return t.onPiece(e) || ts.current.over != nil && !ts.current.answer.playback.cut && ts.next == nil
}

// onAfterwards handles an event that arrives when the reply is complete: input
// transcripts, and events of the next turn. A service with turn detection may
// have answered only a part of the turn.
func (ts *turns) onAfterwards(e *serverEvent) (changed bool) {
	t := ts.current
	switch {
	case e.Type == eventHeard, e.Type == eventNotHeard:
		return t.onTranscript(e)
	case t.config.CallID != "": // others talk to it, too
	case e.Type == eventSpeechStarted, e.Type == eventResponseCreated && e.Response.ID != t.answer.response:
		t.answer.partial = t.answer.partial || t.out.speech != nil
		ts.current.terms.outOfSync = true
	}
	return false
}
