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
func (t *turn) take(e serverEvent) (wake bool) {
	switch e.Type {
	case eventError:
		t.takeError(e.Error)
	case eventItemAdded:
		t.speaker().takeAdded(e.Item.ID)
	case eventSpeechStarted, eventSpeechStopped, eventCommitted:
		t.speaker().takeSpeech(e, time.Now(), t)
	case eventHeard, eventNotHeard:
		t.takeHeard(e)
	case eventRateLimits:
		t.takeLimits(e.RateLimits)
		return false
	case eventResponseCreated:
		t.takeCreated(e.Response)
	case eventResponseDone:
		t.takeDone(e.Response)
	default:
		if _, read := current(e.Type); !read {
			t.remark(e.Type)
		}
		return t.takePiece(e)
	}
	return true
}

// speaker is the turn that is being spoken: this one, or the one over it.
func (t *turn) speaker() *turn {
	if t.next != nil {
		return t.next
	}
	return t
}

// takeAdded notes that the service has an item.
func (t *turn) takeAdded(itemID string) {
	t.c.acknowledges = t.c.acknowledges || slices.Contains(t.items, itemID)
	if i := slices.Index(t.unconfirmed, itemID); i >= 0 {
		t.unconfirmed = slices.Delete(t.unconfirmed, i, i+1)
	}
}

func (t *turn) takeLimits(limits []rateLimitBody) {
	t.limits = t.limits[:0]
	for _, l := range limits {
		if l.Remaining == nil {
			continue // none left is something else than nothing said
		}
		reset := time.Duration(min(max(l.ResetSeconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
		t.limits = append(t.limits, core.RateLimit{Name: l.Name, Limit: l.Limit, Remaining: *l.Remaining, Reset: reset})
	}
}

// takeCreated notes the response that answers this turn. A service that
// detects turns may begin to answer in the middle of one, and again at its end.
func (t *turn) takeCreated(r responseBody) {
	switch {
	case t.response != "" && t.next != nil:
		t.next.takeCreated(r)
		return
	case !t.owns(r), r.ID == t.response:
		return
	case t.response != "" && t.ended != nil && !t.spoken.answered():
		t.beginAgain()
	case t.response != "": // it speaks by itself, and may still do so in the next turn
		t.warn("the service began to speak by itself")
		t.c.unsure = true
		return
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

func (t *turn) takeDone(r responseBody) {
	switch {
	case t.response != "" && r.ID == t.response, t.response == "" && t.named(r):
		t.ended = &r
	case t.next != nil:
		t.next.takeDone(r)
	}
}

// takePiece adds what an event of a response says to the reply. The turn has to
// know that the reply has begun, that it is too long, and, if it is to be spoken
// over, how long it is.
func (t *turn) takePiece(e serverEvent) (wake bool) {
	if t.response == "" || e.ResponseID != t.response {
		return t.next != nil && t.next.takePiece(e) // or it is what is left of another response
	}
	t.last = time.Now()
	t.play(e.Type == eventAudioDelta)
	began := t.reply.begun()
	if err := t.reply.take(e); err != nil {
		t.fail(core.Errorf(core.KindProtocol, "waiting for the reply: %w", err))
		return true
	}
	return !began || t.reply.full != "" || t.over != nil && !t.cut
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
func (t *turn) named(r responseBody) bool { return r.Metadata["turn"] == t.id }

// owns reports whether a response that was just created answers this turn. One
// that the service began by itself has no label, and neither has any of a
// service that does not give metadata back.
func (t *turn) owns(r responseBody) bool {
	_, labelled := r.Metadata["turn"]
	t.c.labels = t.c.labels || labelled
	return r.ID != "" && (t.named(r) || !labelled && (t.spoken != nil || !t.c.labels))
}

// takeError decides whether an error event ends the turn: it does if it names
// an event of this turn, or if nothing good can follow. Most others leave the
// session as it was.
func (t *turn) takeError(e serviceError) {
	n := eventNumber(e.EventID)
	switch {
	case t.next != nil && n > t.next.before:
		t.next.takeError(e)
	case e.EventID != "" && e.EventID == t.cancelID:
		t.idle = true
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
