package realtime

import (
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// answer is the service's response to a turn, as received so far. A service
// that detects turns may begin to answer in the middle of a turn; it then
// creates a second response at the turn's end.
type answer struct {
	response string // id of the response; "" until the service sends it
	// earlier are the responses that this one continues, after calls of MCP servers;
	// spent is their usage.
	earlier []string
	spent   usageBody
	reply   reply
	// ended is the response after response.done; nil before. The turn may still
	// go on.
	ended *responseBody
	// partial says that the response answers only a part of the turn.
	partial bool

	last     time.Time // when the last event of the response arrived
	timing   core.Timing
	cancel   cancellation
	playback playback
}

// cancellation is the state of a response.cancel.
type cancellation struct {
	why   string    // reason for the cancellation; "" while none was sent
	id    string    // of the response.cancel event
	until time.Time // when to stop waiting for response.done
	// idle says that the service reported no active response to cancel.
	idle bool
}

// is reports whether an event that names a response is about this one.
func (a *answer) is(responseID string) bool { return a.response != "" && responseID == a.response }

// owns reports whether an event that names a response belongs to the reply.
func (a *answer) owns(responseID string) bool {
	return a.is(responseID) || responseID != "" && slices.Contains(a.earlier, responseID)
}

// onCreated records the response that answers the turn. A service that detects
// turns may create one in the middle of a turn and another at its end.
func (t *turn) onCreated(r *responseBody, now time.Time) {
	a := &t.answer
	switch {
	case r.ID == a.response, a.owns(r.ID), r.Labelled && !t.named(r):
		return // already known, or from another turn
	case t.isUnanswered():
		a.goOn(r.ID, now)
		t.remote.continued = time.Time{}
		return
	case !t.isAnsweredBy(r) && t.config.CallID != "": // somebody else has spoken
		return
	case !t.isAnsweredBy(r): // the service responds unasked, and may still do so during the next turn
		t.warn("the service began to speak by itself")
		t.terms.outOfSync = true
		return
	case a.response != "": // the first response was created before the turn was over
		t.warn("the service began to answer before the turn was over")
		a.reply.release()
		*a = answer{reply: reply{limit: a.reply.limit, buffers: a.reply.buffers}}
	}
	a.response, a.last = r.ID, now
	if t.remote.approved > 0 && t.out.asked.IsZero() { // it responds unasked
		t.out.asked = now
	}
	t.out.speech.answer()
	a.timing.FirstEvent = t.since(now)
}

// named reports whether the response's metadata say that it answers this turn.
func (t *turn) named(r *responseBody) bool { return r.Label == t.id }

// isAnsweredBy reports whether a response that was just created answers this turn. A
// response that the service creates by itself has no label in its metadata; a
// service that does not return metadata labels none.
func (t *turn) isAnsweredBy(r *responseBody) bool {
	switch speech := t.out.speech; {
	case t.named(r):
		return t.answer.response == ""
	case t.config.CallID != "": // others talk to it, too
		return false
	case t.remote.approved > 0 && t.answer.response == "":
		return true
	case speech != nil && t.config.TurnDetection.answers():
		return speech.answers < speech.segments && (t.answer.response == "" || t.answer.ended != nil)
	}
	return t.answer.response == "" && !t.terms.labels
}

// onDone records the end of the response, if it is this turn's.
func (t *turn) onDone(r *responseBody) bool {
	if !t.answer.is(r.ID) && (t.answer.response != "" || !t.named(r)) {
		return false
	}
	ended := *r
	t.answer.ended = &ended
	t.answer.reply.response = r.ID
	t.answer.reply.complete(ended.Output)
	return true
}

// onPiece adds the content of an event to the reply. It reports whether that
// may have ended the reply, or is to be answered.
func (t *turn) onPiece(e *serverEvent) (changed bool) {
	a := &t.answer
	a.last = e.came
	audio := e.Type == eventAudioDelta
	if audio {
		a.timing.LastAudio = t.since(a.last)
		if a.timing.FirstAudio == 0 {
			a.timing.FirstAudio = a.timing.LastAudio
		}
	}
	if audio || t.config.Output == "text" { // text plays from its first event on
		a.playback.start(a.last)
	}
	t.noteRemote(e)
	a.reply.response = e.ResponseID
	if err := a.reply.add(e); err != nil {
		t.fail(core.Errorf(core.ErrorProtocol, "waiting for the reply: %w", err))
		return true
	}
	return a.reply.full != "" || e.Item.Type == typeMCPCall || e.Item.Type == typeMCPApproval
}

// cancelReply returns the response.cancel event that ends the reply.
func (t *turn) cancelReply(now time.Time, why string) any {
	until := now.Add(t.config.Timeouts.Cancel.Std())
	if !t.leaves.IsZero() { // half of what is left is for the way back
		until = earliest(until, now.Add(max(t.leaves.Sub(now), 0)/2))
	}
	t.answer.cancel = cancellation{why: why, id: t.ledger.nextID("ev"), until: until}
	return responseCancel{Type: "response.cancel", EventID: t.answer.cancel.id, ResponseID: t.answer.response}
}

// abandoned reports whether the service did not end the response after
// response.cancel, or reports no active response.
func (t *turn) abandoned(now time.Time) bool {
	a := &t.answer
	return a.cancel.why != "" && a.ended == nil && (a.cancel.idle || !now.Before(a.cancel.until))
}
