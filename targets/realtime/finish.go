package realtime

import (
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// detail explains how the response ended.
func (a *answer) detail(finish core.Finish) string {
	switch {
	case a.playback.cut:
		return "spoken over after " + a.playback.played.Round(time.Millisecond).String()
	case a.reply.full != "":
		return a.reply.full
	case finish == core.FinishUnconfirmed:
		return a.cancel.why
	case a.ended == nil:
		return ""
	case a.ended.Details.Error.Text() != "":
		return a.ended.Details.Error.Text()
	}
	return a.ended.Details.Reason
}

// doubt returns why a reply with status completed is no evidence; "" if it is.
func (t *turn) doubt(m core.Message) string {
	switch {
	case t.remote.unfinished != "":
		return t.remote.unfinished
	case t.answer.partial:
		return "the service did not answer the end of the turn"
	case m.Empty() && len(t.answer.reply.unread) > 0:
		return t.answer.reply.unread[0]
	case m.Empty():
		return "the response completed without any output"
	case t.config.Output == "audio" && t.config.CallID == "" && t.answer.reply.mute():
		return "the response completed without the audio of what it says"
	case t.objection != "": // the item may have been refused, and the response answers something else
		return "the service objected: " + t.objection
	}
	return ""
}

// outcome returns the finish for the status of a response that is over.
func (a *answer) outcome() (core.Finish, error) {
	r, e := a.ended, a.ended.Details.Error
	switch {
	case a.playback.cut && r.Status != "failed":
		return core.FinishInterrupted, nil
	case a.reply.full != "" && r.Status != "failed":
		return core.FinishTruncated, nil // content above the limit was dropped
	case r.Status == "completed":
		return core.FinishComplete, nil
	case r.Status == "cancelled" && a.cancel.why != "":
		return core.FinishUnconfirmed, nil
	case r.Status == "cancelled":
		return core.FinishInterrupted, nil
	case r.Details.Reason == "content_filter", e.Filtered():
		return core.FinishBlocked, nil
	case r.Status == "incomplete":
		return core.FinishTruncated, nil
	case r.Status == "failed":
		return "", failure(e)
	}
	return "", core.Errorf(core.ErrorProtocol, "the response ended with the status %q", r.Status)
}

// failure returns the error of a failed response.
func failure(e serviceError) error {
	if e.Text() == "" {
		return core.Errorf(core.ErrorUnavailable, "the response failed, and the service did not say why")
	}
	err := e.err("the response failed")
	if err.Kind == core.ErrorProtocol { // the service accepted the request, so that the error is the service's
		err.Kind = core.ErrorUnavailable
	}
	return err
}

// unended returns the finish of a reply whose response.done never arrived.
func (a *answer) unended() (finish core.Finish, detail string) {
	finish = core.FinishUnconfirmed
	switch {
	case a.playback.cut:
		finish = core.FinishInterrupted
	case a.reply.full != "":
		finish = core.FinishTruncated
	}
	return finish, a.detail(finish)
}

// build makes the reply. A response that the target cancelled before any
// content arrived gives no reply.
func (t *turn) build(finish core.Finish, detail string) (core.Reply, error) {
	a := &t.answer
	if finish == core.FinishUnconfirmed && !a.reply.begun() {
		return core.Reply{}, t.timeout("%s", detail)
	}
	message, err := a.reply.message(t.terms.output, a.playback.delivered())
	if err != nil {
		return core.Reply{}, core.Errorf(core.ErrorProtocol, "%w", err)
	}
	if t.over != nil && !a.playback.cut && finish != core.FinishBroken {
		t.warn("the reply was not spoken over: there was nothing of it to hear, or the service did not notice")
	}
	output := t.config.Output
	if t.config.CallID != "" {
		output = "" // whoever has opened the call hears it
	}
	for _, remark := range a.reply.remarks(output) {
		t.warn(remark)
	}
	a.timing.Connect = t.connect
	reply := core.Reply{
		Message: message, Finish: finish, Detail: detail, Timing: a.timing,
		RateLimits: t.limits, Replayed: t.ledger.replayed, Heard: t.heard.text(),
	}
	if a.playback.cut && finish != core.FinishBroken {
		reply.Delivered = a.playback.played
	}
	reply.HeardMissing = t.isHeardMissing()
	reply.HeardConfidence = t.heard.confidence.result()
	reply.Unheard = t.onlySpoken && len(t.heard.texts) > 0 && reply.Heard == ""
	reply.Warnings, t.ledger.warnings = slices.Concat(t.ledger.warnings, t.warnings), nil
	return reply, nil
}

// breakOff makes a reply of the content that had arrived when the turn failed;
// nil if there was none.
func (t *turn) breakOff(why error) *core.Reply {
	a := &t.answer
	if !a.reply.begun() {
		return nil
	}
	reply, err := t.build(core.FinishBroken, why.Error())
	if err != nil || reply.Message.Empty() {
		return nil
	}
	t.measure(&reply)
	return &reply
}

// measure adds the usage of the responses that have ended.
func (t *turn) measure(reply *core.Reply) {
	usage := t.answer.spent
	if t.answer.ended != nil {
		usage.add(t.answer.ended.Usage)
	}
	reply.Usage = usage.usage()
	if usage.Odd {
		reply.Warnings = append(reply.Warnings, "the service's usage has counts that are none; they are taken for unknown")
	}
}
