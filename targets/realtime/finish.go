package realtime

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// finish makes a reply of a response that the service has ended.
func (t *turn) finish(ctx context.Context, r *responseBody) (core.Reply, error) {
	t.closed = true
	t.reply.complete(r.Output)
	finish, err := t.outcome(r)
	if err != nil {
		t.takeBack(ctx, true)
		return core.Reply{}, err
	}
	t.timing.Total = t.since(time.Now())
	t.awaitHeard(ctx)
	reply, err := t.build(finish, t.detail(finish, r))
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
	t.conclude(ctx, reply)
	return reply, nil
}

// conclude tells the service what was heard of the reply, and remembers it.
func (t *turn) conclude(ctx context.Context, reply core.Reply) {
	if t.cut && !t.c.unsure {
		if err := t.truncate(ctx); err != nil {
			t.c.unsure = true // the next turn is held in a session that knows
		}
	}
	t.remember(reply)
}

// remember keeps the turn, so that it can be given back to the service.
func (t *turn) remember(reply core.Reply) {
	if t.outOfBand == nil {
		t.c.memory.add(t.number, t.message, reply)
	}
}

// detail explains how a response ended.
func (t *turn) detail(finish core.Finish, r *responseBody) string {
	switch {
	case t.cut:
		return "spoken over after " + t.played.Round(time.Millisecond).String()
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
	case t.partial:
		return "the service did not answer the end of the turn"
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
func (t *turn) outcome(r *responseBody) (core.Finish, error) {
	e := r.Details.Error
	switch {
	case t.cut && r.Status != "failed":
		return core.FinishInterrupted, nil
	case t.reply.full != "" && r.Status != "failed":
		return core.FinishTruncated, nil // what came after the limit was dropped
	case r.Status == "completed":
		return core.FinishComplete, nil
	case r.Status == "cancelled" && t.giveUp != "":
		return core.FinishUnconfirmed, nil
	case r.Status == "cancelled":
		return core.FinishInterrupted, nil
	case r.Details.Reason == "content_filter", e.filtered():
		return core.FinishBlocked, nil
	case r.Status == "incomplete":
		return core.FinishTruncated, nil
	case r.Status == "failed":
		return "", failure(e)
	}
	return "", core.Errorf(core.ErrorProtocol, "the response ended with the status %q", r.Status)
}

// failure explains a failed response.
func failure(e serviceError) error {
	if e.text() == "" {
		return core.Errorf(core.ErrorUnavailable, "the response failed, and the service did not say why")
	}
	err := e.err("the response failed")
	if err.Kind == core.ErrorProtocol { // not our mistake: the service took the request
		err.Kind = core.ErrorUnavailable
	}
	return err
}

// unfinished makes a reply of what came when the service never ended the
// response. The session cannot be trusted after that, unless the service says
// that nothing is going on.
func (t *turn) unfinished(ctx context.Context) (core.Reply, error) {
	finish, detail := core.FinishUnconfirmed, t.giveUp
	switch {
	case t.cut:
		finish, detail = core.FinishInterrupted, t.detail(core.FinishInterrupted, &responseBody{})
	case t.reply.full != "":
		finish, detail = core.FinishTruncated, t.reply.full
	}
	t.timing.Total = t.since(time.Now())
	t.closed = true
	t.c.unsure = t.c.unsure || !t.idle
	reply, err := t.build(finish, detail)
	switch {
	case err == nil:
		t.conclude(ctx, reply)
	case t.idle:
		t.takeBack(ctx, true)
	}
	return reply, err
}

// build makes the reply. One that we cancelled before anything came is none.
func (t *turn) build(finish core.Finish, detail string) (core.Reply, error) {
	if finish == core.FinishUnconfirmed && !t.reply.begun() {
		return core.Reply{}, t.timeout("%s", detail)
	}
	message, err := t.reply.message(t.c.output, t.delivered())
	if err != nil {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "%w", err)
	}
	if t.over != nil && !t.cut {
		t.warn("the reply was not spoken over: there was nothing of it to hear, or the service did not notice")
	}
	for _, remark := range t.reply.remarks(t.c.config.Output) {
		t.warn(remark)
	}
	t.timing.Connect = t.connect
	reply := core.Reply{
		Message: message, Finish: finish, Detail: detail, Timing: t.timing,
		RateLimits: t.limits, Replayed: t.c.replayed,
	}
	if t.cut {
		reply.Delivered = t.played
	}
	reply.Heard = strings.TrimSpace(strings.Join(t.heard, "\n"))
	reply.Unheard = t.onlySpoken && len(t.heard) > 0 && reply.Heard == ""
	reply.Warnings, t.c.warnings = slices.Concat(t.c.warnings, t.warnings), nil
	return reply, nil
}

// delivered is how much of the reply had played when it was spoken over, and
// more than there is otherwise.
func (t *turn) delivered() time.Duration {
	if t.cut {
		return t.played
	}
	return forever
}
