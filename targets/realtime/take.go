package realtime

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// take looks at one event, which may be about the turn that is being said over
// this one's reply.
func (t *turn) take(ctx context.Context, e serverEvent) error {
	switch e.Type {
	case eventError:
		return t.takeError(e.Error)
	case eventItemAdded:
		return t.takeAdded(ctx, e.Item.ID)
	case eventSpeechStarted, eventSpeechStopped, eventCommitted:
		t.speaker().takeSpeech(e, t)
		return nil
	case eventHeard, eventNotHeard:
		t.takeHeard(e)
		return nil
	case eventRateLimits:
		t.takeLimits(e.RateLimits)
		return nil
	case eventResponseCreated:
		t.takeCreated(e.Response)
		return nil
	case eventResponseDone:
		t.takeDone(e.Response)
		return nil
	}
	if _, read := current(e.Type); !read {
		t.remark(e.Type)
	}
	return t.takePiece(ctx, e)
}

// speaker is the turn that is being spoken: this one, or the one over it.
func (t *turn) speaker() *turn {
	if t.next != nil {
		return t.next
	}
	return t
}

// takeAdded notes that the service has an item.
func (t *turn) takeAdded(ctx context.Context, itemID string) error {
	speaker := t.speaker()
	if i := slices.Index(speaker.unconfirmed, itemID); i >= 0 {
		t.c.acknowledges = true
		speaker.unconfirmed = slices.Delete(speaker.unconfirmed, i, i+1)
		return speaker.askOnce(ctx)
	}
	return nil
}

func (t *turn) takeLimits(limits []rateLimitBody) {
	t.limits = t.limits[:0]
	for _, l := range limits {
		reset := time.Duration(min(max(l.ResetSeconds, 0), maxRetryAfter.Seconds()) * float64(time.Second))
		t.limits = append(t.limits, core.RateLimit{Name: l.Name, Limit: l.Limit, Remaining: l.Remaining, Reset: reset})
	}
}

// takeCreated notes the response that answers this turn. A service that
// detects turns may begin to answer in the middle of one, and again at its end.
func (t *turn) takeCreated(r responseBody) {
	switch {
	case t.response != "" && t.next != nil:
		t.next.takeCreated(r)
		return
	case t.response != "" && t.spoken != nil && t.ended != nil && r.ID != t.response:
		t.beginAgain()
	case t.response != "":
		return
	}
	if !t.owns(r) {
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
	t.reply = reply{limit: t.reply.limit}
	t.response, t.ended, t.timing = "", nil, core.Timing{Connect: t.timing.Connect}
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

// takePiece adds what an event of a response says to the reply.
func (t *turn) takePiece(ctx context.Context, e serverEvent) error {
	if t.response == "" || e.ResponseID != t.response {
		if t.next != nil {
			return t.next.takePiece(ctx, e)
		}
		return nil // what is left of another response
	}
	t.last = time.Now()
	t.play(e.Type == eventAudioDelta)
	if err := t.reply.take(e); err != nil {
		return core.Errorf(core.KindProtocol, "%w", err)
	}
	if t.reply.full != "" && t.giveUp == "" {
		return t.cancel(ctx, t.reply.full)
	}
	return nil
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

// owns reports whether a response that was just created answers this turn.
// Services that do not give metadata back have only one response at a time.
func (t *turn) owns(r responseBody) bool {
	_, labelled := r.Metadata["turn"]
	return r.ID != "" && (t.named(r) || !labelled)
}

// takeError decides whether an error event ends the turn: it does if it names
// an event of this turn, or if nothing good can follow. Most others leave the
// session as it was.
func (t *turn) takeError(e serviceError) error {
	n := eventNumber(e.EventID)
	if t.next != nil && n > t.next.before {
		if t.next.failed == nil {
			t.next.failed = t.next.takeError(e)
		}
		return nil
	}
	if e.EventID != "" && e.EventID == t.cancelID {
		t.idle = true
		return nil
	}
	if e.benign() {
		return nil
	}
	if e.filtered() && !t.asked.IsZero() && (n == 0 || t.ours(n)) { // an answer, if not in the form of one
		blocked := responseBody{Status: "failed"}
		blocked.Details.Error = e
		t.ended = &blocked
		return nil
	}
	if t.ours(n) || e.grave() {
		return e.err("waiting for the reply")
	}
	if n == 0 || n > t.before {
		t.objection = e.text()
	}
	t.warn("the service objected: " + e.text())
	return nil
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
