package realtime

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// turn is one message on its way and the reply to it.
type turn struct {
	c *conversation
	// id travels in the response's metadata, so that the reply is told from
	// what is left of others.
	id       string
	before   int      // the last id that was given out before this turn
	items    []string // ids of what was said, as far as they are known
	response string   // id of the response, once the service has named it
	reply    reply

	started time.Time // when the first event was sent
	asked   time.Time // when all were
	last    time.Time // when the last event of the response came
	timing  core.Timing

	// giveUp says why the reply was cancelled; "" while it was not.
	giveUp   string
	cancelBy time.Time // when to stop waiting for the cancellation
	cancelID string    // id of the response.cancel event

	// onlySpoken says that the message is nothing but audio.
	onlySpoken bool
	unheard    []string // ids of items with audio, whose transcripts are still to come
	heard      []string // what the service transcribed of the message's audio
	warnings   []string
	// objection is the last error event that did not end the turn, and that
	// may be about it.
	objection string
}

// turn carries out one turn on a socket that is being listened to.
func (c *conversation) turn(ctx context.Context, m core.Message) (core.Reply, error) {
	before := c.ids
	e := c.encoder()
	events, err := e.message(m)
	if err != nil {
		return core.Reply{}, err
	}
	c.turns++
	t := &turn{c: c, id: "turn-" + strconv.Itoa(c.turns), before: before, items: itemIDs(events), started: time.Now()}
	t.reply.limit = c.config.MaxReplyBytes
	t.onlySpoken = !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return p.Modality != core.Audio })
	if c.transcribes {
		t.unheard = spokenIDs(events)
	}
	t.warnings, c.warnings = slices.Concat(c.warnings, e.warnings), nil
	events = append(events, responseCreate{
		Type: "response.create", EventID: c.nextID("ev"),
		Response: responseParams{Metadata: map[string]string{"turn": t.id}},
	})
	for _, event := range events {
		if err := c.socket.send(ctx, event); err != nil {
			c.unsure = true
			return core.Reply{}, fmt.Errorf("sending the turn: %w", err)
		}
	}
	t.asked = time.Now()
	defer t.reply.release()
	return t.wait(ctx)
}

// wait takes events until the reply is complete or time is up. A turn that
// fails is taken back, unless it failed because nothing can be sent any more.
func (t *turn) wait(ctx context.Context) (core.Reply, error) {
	for {
		frame, err := t.c.socket.next(ctx, t.deadline())
		expired := errors.Is(err, errExpired)
		switch {
		case expired && t.giveUp != "":
			return t.unconfirmed()
		case expired:
			err = t.expire(ctx)
		case err != nil:
			t.c.unsure = true
			return core.Reply{}, fmt.Errorf("waiting for the reply: %w", err)
		default:
			var done *responseBody
			if done, err = t.read(ctx, frame); done != nil {
				return t.finish(ctx, *done)
			}
		}
		if err != nil {
			t.takeBack(ctx, false)
			return core.Reply{}, err
		}
	}
}

// read looks at one frame and returns the response if that has ended.
func (t *turn) read(ctx context.Context, frame []byte) (*responseBody, error) {
	event, err := scan(frame)
	if err != nil {
		return nil, core.Errorf(core.KindProtocol, "waiting for the reply: %w", err)
	}
	done, err := t.take(ctx, event)
	if !done || err != nil {
		return nil, err
	}
	response := event.Response // or else each event would be allocated
	return &response, nil
}

// deadline is when the turn stops waiting for the next event.
func (t *turn) deadline() time.Time {
	timeouts := t.c.config.Timeouts
	end := t.asked.Add(timeouts.Turn.Std())
	switch {
	case t.giveUp != "":
		return t.cancelBy
	case t.response == "":
		return earlier(end, t.asked.Add(timeouts.FirstEvent.Std()))
	case t.reply.begun():
		return earlier(end, t.last.Add(timeouts.Quiet.Std()))
	}
	return end
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// expire is called when the deadline has passed. A reply that never began is
// an error; one that did is cancelled, and the service has a moment to say so.
func (t *turn) expire(ctx context.Context) error {
	timeouts := t.c.config.Timeouts
	switch {
	case t.response == "":
		return t.timeout("no sign of a reply within %s", min(timeouts.FirstEvent, timeouts.Turn))
	case time.Since(t.asked) >= timeouts.Turn.Std():
		return t.cancel(ctx, fmt.Sprintf("the reply was not complete within %s", timeouts.Turn))
	}
	return t.cancel(ctx, fmt.Sprintf("nothing came for %s, and no response.done", timeouts.Quiet))
}

// cancel asks the service to end the reply.
func (t *turn) cancel(ctx context.Context, why string) error {
	t.giveUp, t.cancelID = why, t.c.nextID("ev")
	t.cancelBy = time.Now().Add(t.c.config.Timeouts.Cancel.Std())
	event := responseCancel{Type: "response.cancel", EventID: t.cancelID, ResponseID: t.response}
	if err := t.c.socket.send(ctx, event); err != nil {
		return fmt.Errorf("cancelling the reply: %w", err)
	}
	return nil
}

func (t *turn) timeout(format string, args ...any) error {
	err := core.Errorf(core.KindTimeout, format, args...)
	if t.objection != "" {
		return err.WithHint("the service objected: %s", t.objection)
	}
	return err
}

// take looks at one event and reports whether it ends the response.
func (t *turn) take(ctx context.Context, e serverEvent) (done bool, err error) {
	switch e.Type {
	case eventError:
		return false, t.takeError(e.Error)
	case eventCommitted:
		t.takeCommitted(e.ItemID)
		return false, nil
	case eventHeard, eventNotHeard:
		t.takeHeard(e)
		return false, nil
	case eventResponseCreated:
		if t.response == "" && t.owns(e.Response) {
			t.response, t.last = e.Response.ID, time.Now()
			t.timing.FirstEvent = t.last.Sub(t.started)
		}
		return false, nil
	case eventResponseDone:
		return t.response != "" && e.Response.ID == t.response || t.response == "" && t.named(e.Response), nil
	}
	if t.response == "" || e.ResponseID != t.response {
		return false, nil // what is left of another response, or not about one
	}
	t.last = time.Now()
	if e.Type == eventAudioDelta && t.timing.FirstAudio == 0 {
		t.timing.FirstAudio = t.last.Sub(t.started)
	}
	if err := t.reply.take(e); err != nil {
		return false, core.Errorf(core.KindProtocol, "%w", err)
	}
	if t.reply.full != "" && t.giveUp == "" {
		return false, t.cancel(ctx, t.reply.full)
	}
	return false, nil
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
	if e.EventID != "" && e.EventID == t.cancelID || e.benign() {
		return nil
	}
	if t.ours(e.EventID) || e.grave() {
		return e.err("waiting for the reply")
	}
	if n := eventNumber(e.EventID); n == 0 || n > t.before {
		t.objection = e.text()
	}
	t.warn("the service objected: " + e.text())
	return nil
}

// ours reports whether an event id was given out in this turn.
func (t *turn) ours(eventID string) bool {
	n := eventNumber(eventID)
	return n > t.before && n <= t.c.ids
}

// eventNumber returns the number in an event id of ours, or 0.
func eventNumber(eventID string) int {
	number, ok := strings.CutPrefix(eventID, "ev_")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return 0
	}
	return n
}

// maxWarnings bounds what is noted about one turn.
const maxWarnings = 20

func (t *turn) warn(text string) {
	if len(t.warnings) < maxWarnings && !slices.Contains(t.warnings, text) {
		t.warnings = append(t.warnings, text)
	}
}

// finish makes a reply of a response that the service has ended.
func (t *turn) finish(ctx context.Context, r responseBody) (core.Reply, error) {
	t.reply.complete(r.Output)
	finish, err := t.outcome(r)
	var reply core.Reply
	if err == nil {
		t.timing.Total = time.Since(t.started)
		t.awaitHeard(ctx)
		reply, err = t.build(finish, t.detail(finish, r))
	}
	if err != nil {
		t.takeBack(ctx, true)
		return core.Reply{}, err
	}
	reply.Usage = r.Usage.usage()
	if finish == core.FinishComplete {
		if doubt := t.doubt(reply.Message); doubt != "" {
			reply.Finish, reply.Detail = core.FinishUnconfirmed, doubt
		}
	}
	return reply, nil
}

// detail explains how a response ended.
func (t *turn) detail(finish core.Finish, r responseBody) string {
	switch {
	case t.reply.full != "":
		return t.reply.full
	case finish == core.FinishUnconfirmed:
		return t.giveUp
	case r.Details.Error.text() != "":
		return r.Details.Error.text()
	}
	return r.Details.Reason
}

// doubt says why a reply that the service calls complete is no evidence; "" if
// it is.
func (t *turn) doubt(m core.Message) string {
	switch {
	case m.Empty():
		return "the response completed without any output"
	case t.c.config.Output == "audio" && t.reply.mute():
		return "the response completed without the audio of what it says"
	case t.objection != "": // the item may have been refused, and something else answered
		return "the service objected: " + t.objection
	}
	return ""
}

// outcome reads the status of a response.
func (t *turn) outcome(r responseBody) (core.Finish, error) {
	e := r.Details.Error
	switch {
	case t.reply.full != "" && r.Status != "failed":
		return core.FinishTruncated, nil // what came after the limit was dropped
	case r.Status == "completed":
		return core.FinishComplete, nil
	case r.Status == "cancelled" && t.giveUp != "":
		return core.FinishUnconfirmed, nil
	case r.Status == "cancelled":
		return core.FinishInterrupted, nil
	case r.Details.Reason == "content_filter", strings.Contains(e.Code, "content_filter"):
		return core.FinishBlocked, nil
	case r.Status == "incomplete":
		return core.FinishTruncated, nil
	case r.Status == "failed":
		return "", failure(e)
	}
	return "", core.Errorf(core.KindProtocol, "the response ended with the status %q", r.Status)
}

// failure explains a failed response.
func failure(e serviceError) error {
	if e.text() == "" {
		return core.Errorf(core.KindUnavailable, "the response failed, and the service did not say why")
	}
	err := e.err("the response failed")
	if err.Kind == core.KindProtocol { // not our mistake: the service took the request
		err.Kind = core.KindUnavailable
	}
	return err
}

// unconfirmed makes a reply of what came when the service never ended the
// response.
func (t *turn) unconfirmed() (core.Reply, error) {
	finish, detail := core.FinishUnconfirmed, t.giveUp
	if t.reply.full != "" {
		finish, detail = core.FinishTruncated, t.reply.full
	}
	t.timing.Total = time.Since(t.started)
	reply, err := t.build(finish, detail)
	t.c.unsure = err != nil
	return reply, err
}

// build makes the reply. One that we cancelled before anything came is none.
func (t *turn) build(finish core.Finish, detail string) (core.Reply, error) {
	if finish == core.FinishUnconfirmed && !t.reply.begun() {
		return core.Reply{}, t.timeout("%s", detail)
	}
	message, err := t.reply.message(t.c.output)
	if err != nil {
		return core.Reply{}, core.Errorf(core.KindProtocol, "%w", err)
	}
	reply := core.Reply{Message: message, Finish: finish, Detail: detail, Timing: t.timing}
	reply.Heard = strings.TrimSpace(strings.Join(t.heard, "\n"))
	reply.Unheard = t.onlySpoken && len(t.heard) > 0 && reply.Heard == ""
	reply.Warnings = slices.Concat(t.warnings, t.reply.remarks(t.c.config.Output))
	return reply, nil
}
