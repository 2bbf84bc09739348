package realtime

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// answer is a response of the service to a turn, as far as it has come. A
// service that detects turns may begin to answer in the middle of one, and again
// at its end: then there is another.
type answer struct {
	response string // id of the response, once the service has named it
	reply    reply
	// ended is the response when it is over, though the turn may go on.
	ended *responseBody
	// partial says that only a part of the turn was answered.
	partial bool

	last     time.Time // when the last event of the response came
	timing   core.Timing
	cancel   cancellation
	playback playback
}

// cancellation is the attempt to end a response before its time.
type cancellation struct {
	why   string    // "" while there was none
	id    string    // of the response.cancel event
	until time.Time // when to stop waiting for the end
	// idle says that the service had nothing to cancel.
	idle bool
}

// is reports whether an event that names a response is about this one.
func (a *answer) is(responseID string) bool { return a.response != "" && responseID == a.response }

// onCreated notes the response that answers the turn. A service that detects
// turns may begin to answer in the middle of one, and again at its end.
func (t *turn) onCreated(r *responseBody, now time.Time) {
	a := &t.answer
	switch {
	case r.ID == a.response, r.Labelled && !t.named(r):
		return // known, or left of another turn
	case !t.owns(r): // it speaks by itself, and may still do so in the next turn
		t.warn("the service began to speak by itself")
		t.terms.outOfSync = true
		return
	case a.response != "": // the turn had not been over when the first answer to it began
		t.warn("the service began to answer before the turn was over")
		a.reply.release()
		*a = answer{reply: reply{limit: a.reply.limit, buffers: a.reply.buffers}}
	}
	a.response, a.last = r.ID, now
	t.out.speech.answer()
	a.timing.FirstEvent = t.since(now)
}

// named reports whether a response says that it answers this turn.
func (t *turn) named(r *responseBody) bool { return r.Label == t.id }

// owns reports whether a response that was just created answers this turn. One
// that the service began by itself has no label, and neither has any of a
// service that does not give metadata back.
func (t *turn) owns(r *responseBody) bool {
	switch speech := t.out.speech; {
	case t.named(r):
		return t.answer.response == ""
	case speech != nil && t.config.TurnDetection.answers():
		return speech.answers < speech.segments && (t.answer.response == "" || t.answer.ended != nil)
	}
	return t.answer.response == "" && !t.terms.labels
}

// onDone notes that the response is over, if it is this turn's.
func (t *turn) onDone(r *responseBody) bool {
	if !t.answer.is(r.ID) && (t.answer.response != "" || !t.named(r)) {
		return false
	}
	ended := *r
	t.answer.ended = &ended
	return true
}

// onPiece adds what an event of the response says to the reply. It reports
// whether that ends the reply.
func (t *turn) onPiece(e *serverEvent) (ends bool) {
	a := &t.answer
	a.last = e.came
	audio := e.Type == eventAudioDelta
	if audio {
		a.timing.LastAudio = t.since(a.last)
		if a.timing.FirstAudio == 0 {
			a.timing.FirstAudio = a.timing.LastAudio
		}
	}
	if audio || t.config.Output == "text" { // what is written plays from its first event on
		a.playback.start(a.last)
	}
	if err := a.reply.add(e); err != nil {
		t.fail(core.Errorf(core.ErrorProtocol, "waiting for the reply: %w", err))
		return true
	}
	return a.reply.full != ""
}

// cancelReply returns the event that asks the service to end the reply.
func (t *turn) cancelReply(now time.Time, why string) any {
	t.answer.cancel = cancellation{why: why, id: t.ledger.nextID("ev"), until: now.Add(t.config.Timeouts.Cancel.Std())}
	return responseCancel{Type: "response.cancel", EventID: t.answer.cancel.id, ResponseID: t.answer.response}
}

// abandoned reports whether the service did not even end the reply when it was
// cancelled, or knows of none.
func (t *turn) abandoned(now time.Time) bool {
	a := &t.answer
	return a.cancel.why != "" && a.ended == nil && (a.cancel.idle || !now.Before(a.cancel.until))
}
