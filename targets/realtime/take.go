package realtime

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// take looks at one event, which may be about the turn that is being said over
// this one's reply. It only takes notes: what there is to be done about them is
// for act to see, which is woken for it.
func (t *turn) take(e *serverEvent) (wake bool) {
	switch e.Type {
	case eventAudioDelta, eventTranscriptDelta, eventTextDelta:
		return t.takePiece(e)
	case eventError:
		t.takeError(e.Error)
	case eventItemAdded:
		t.speaker().takeAdded(e.Item.ID)
		return t.urgent()
	case eventSpeechStarted, eventSpeechStopped, eventCommitted:
		t.speaker().takeSpeech(e, time.Now(), t)
	case eventHeard, eventNotHeard:
		t.takeHeard(e)
	case eventRateLimits:
		t.takeLimits(e.RateLimits)
		return false
	case eventResponseCreated:
		t.takeCreated(&e.Response)
		return t.urgent()
	case eventResponseDone:
		t.takeDone(&e.Response)
	default:
		if _, read := current(e.Type); !read {
			t.remark(e.Type)
		}
		return t.takePiece(e)
	}
	return true
}

// takeAfterwards looks at an event that comes when the reply is there: what the
// service heard, and what is about the next turn. A service that goes on by
// itself may have answered a part of the turn only.
func (t *turn) takeAfterwards(e *serverEvent) (wake bool) {
	switch {
	case e.Type == eventHeard, e.Type == eventNotHeard:
		t.takeHeard(e)
		return true
	case t.next != nil:
		return t.next.take(e)
	case e.Type == eventSpeechStarted, e.Type == eventResponseCreated && e.Response.ID != t.response:
		t.partial = t.partial || t.spoken != nil
		t.c.unsure = true
	}
	return false
}

// blamed is the turn that an error is about which does not say so: the one that
// still has to be answered.
func (t *turn) blamed() *turn {
	if t.next != nil && t.ended != nil {
		return t.next
	}
	return t
}

// speaker is the turn that is being spoken: this one, or the one over it.
func (t *turn) speaker() *turn {
	if t.next != nil {
		return t.next
	}
	return t
}

// takeAdded notes that the service has an item, of which it may have been
// waiting for.
func (t *turn) takeAdded(itemID string) {
	t.c.acknowledges = t.c.acknowledges || slices.Contains(t.items, itemID)
	if i := slices.Index(t.unconfirmed, itemID); i >= 0 {
		t.unconfirmed = slices.Delete(t.unconfirmed, i, i+1)
		t.askAtOnce()
	}
}

// maxLimits bounds the limits that a service may tell of; they know of three.
const maxLimits = 16

func (t *turn) takeLimits(limits []rateLimitBody) {
	t.limits = nil // what a reply has been given is its own
	for _, l := range limits[:min(len(limits), maxLimits)] {
		if !l.Told {
			continue // none left is something else than nothing said
		}
		reset := time.Duration(min(max(l.ResetSeconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
		t.limits = append(t.limits, core.RateLimit{Name: l.Name, Limit: l.Limit, Remaining: l.Remaining, Reset: reset})
	}
}

// takeCreated notes the response that answers this turn. A service that
// detects turns may begin to answer in the middle of one, and again at its end.
func (t *turn) takeCreated(r *responseBody) {
	t.c.labels = t.c.labels || r.Labelled
	switch {
	case t.response != "" && t.next != nil:
		t.next.takeCreated(r)
		return
	case r.ID == t.response, r.Labelled && !t.named(r):
		return // known, or what is left of another turn
	case !t.owns(r): // it speaks by itself, and may still do so in the next turn
		t.warn("the service began to speak by itself")
		t.c.unsure = true
		return
	case t.response != "":
		t.beginAgain()
	}
	t.response, t.last = r.ID, time.Now()
	t.spoken.answer()
	t.timing.FirstEvent = t.since(t.last)
}

// beginAgain drops a reply that came before the turn was over.
func (t *turn) beginAgain() {
	t.warn("the service began to answer before the turn was over")
	t.reply.release()
	t.answer = answer{reply: reply{limit: t.reply.limit}}
}

// since is the time since the message was sent, or had been spoken.
func (t *turn) since(now time.Time) time.Duration { return max(now.Sub(t.started), 0) }

func (t *turn) takeDone(r *responseBody) {
	switch {
	case t.response != "" && r.ID == t.response, t.response == "" && t.named(r):
		ended := *r
		t.ended = &ended
	case t.next != nil:
		t.next.takeDone(r)
	}
}

// takePiece adds what an event of a response says to the reply. The turn has to
// know that the reply has begun, if that leaves it less time; that it is too
// long; and, if it is to be spoken over, how long it is.
func (t *turn) takePiece(e *serverEvent) (wake bool) {
	if t.response == "" || e.ResponseID != t.response {
		return t.next != nil && t.next.takePiece(e) // or it is what is left of another response
	}
	t.last = e.came
	t.play(e.Type == eventAudioDelta)
	began := t.reply.begun()
	if err := t.reply.take(e); err != nil {
		t.fail(core.Errorf(core.ErrorProtocol, "waiting for the reply: %w", err))
		return true
	}
	return !began && t.urgent() || t.reply.full != "" || t.over != nil && !t.cut && t.next == nil
}

// play notes that more of the reply has come. What is written plays from its
// first event on.
func (t *turn) play(audio bool) {
	if audio {
		t.timing.LastAudio = t.since(t.last)
		if t.timing.FirstAudio == 0 {
			t.timing.FirstAudio = t.timing.LastAudio
		}
	}
	if t.playing.IsZero() && (audio || t.c.config.Output == "text") {
		t.playing = t.last
	}
}

// named reports whether a response says that it answers this turn.
func (t *turn) named(r *responseBody) bool { return r.Label == t.id }

// owns reports whether a response that was just created answers this turn. One
// that the service began by itself has no label, and neither has any of a
// service that does not give metadata back.
func (t *turn) owns(r *responseBody) bool {
	switch {
	case t.named(r):
		return t.response == ""
	case t.spoken != nil && t.c.config.TurnDetection.answers():
		return t.spoken.answers < t.spoken.segments && (t.response == "" || t.ended != nil)
	}
	return t.response == "" && !t.c.labels
}

// takeError decides whether an error event ends the turn: it does if it names
// an event of this turn, or if nothing good can follow. Most others leave the
// session as it was.
func (t *turn) takeError(e serviceError) {
	n := eventNumber(e.EventID)
	switch {
	case e.EventID != "" && e.EventID == t.cancelID:
		t.takeNotCancelled(e)
	case strings.HasPrefix(e.EventID, afterwards):
		t.warn("the service objected: " + e.text()) // to what it was told of a reply
	case t.next != nil && (n > t.next.before || n == 0 && t.ended != nil):
		t.next.takeError(e)
	case e.benign(), t.complete(): // or the reply is there, whatever comes after it
	case e.filtered() && !t.asked.IsZero() && (n == 0 || t.ours(n)): // an answer, if not in the form of one
		blocked := responseBody{Status: "failed"}
		blocked.Details.Error = e
		t.ended = &blocked
	case t.ours(n), e.grave():
		t.fail(e.err("waiting for the reply"))
	default:
		if n == 0 || n > t.before {
			t.objection = e.text()
		}
		t.warn("the service objected: " + e.text())
	}
}

// takeNotCancelled notes that the reply could not be cancelled: mostly because
// there was nothing to cancel.
func (t *turn) takeNotCancelled(e serviceError) {
	if t.idle = e.benign(); !t.idle {
		t.warn("the service objected: " + e.text())
	}
}

// afterwards begins the ids of events that are about a reply that is over, and
// not about the turn during which they are sent.
const afterwards = "after"

// ours reports whether an event id was given out in this turn.
func (t *turn) ours(n int) bool { return n > t.before && n <= t.c.ids }

// eventNumber returns the number in an event id of ours, or 0.
func eventNumber(eventID string) int {
	number, ok := strings.CutPrefix(eventID, "ev_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return n
}
