package realtime

import (
	"fmt"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The service calls the tools of MCP servers itself, and mostly after the response
// that asks for them has ended. It answers with their results in a further response,
// which has to be requested once all of them have ended. That response continues the
// reply.
//
// Source: https://developers.openai.com/api/docs/guides/realtime-mcp

// remoteCalls are the calls of MCP servers of one turn.
type remoteCalls struct {
	// ended are the items of calls that have ended, by what the service says, and
	// when. told are those whose items are complete: they have the results.
	ended map[string]time.Time
	told  []string
	// approved is the number of calls that this turn has approved.
	approved int
	// continued is when the response that continues the reply was requested; zero
	// while none is awaited. rounds is how often that was done.
	continued time.Time
	rounds    int
	// unfinished says what of the reply did not come; "" for nothing.
	unfinished string
}

// maxRounds is how often a reply is continued. A model may call tools for ever.
const maxRounds = 16

// itemDelay is how long the item of a call is waited for after its end.
const itemDelay = time.Second

// end records that a call has ended.
func (c *remoteCalls) end(itemID string, now time.Time) {
	if c.ended == nil {
		c.ended = map[string]time.Time{}
	}
	if _, known := c.ended[itemID]; !known && itemID != "" {
		c.ended[itemID] = now
	}
}

// tell records that the item of a call is complete.
func (c *remoteCalls) tell(itemID string, now time.Time) {
	c.end(itemID, now)
	c.told = append(c.told, itemID)
}

// due is when the last of the items that are awaited is given up; zero for none.
func (c *remoteCalls) due() (due time.Time) {
	for id, ended := range c.ended {
		if !slices.Contains(c.told, id) {
			due = latest(due, ended.Add(itemDelay))
		}
	}
	return due
}

// onRemoteEnd handles the end of a call. Its result is in the item, whose event comes
// before or after.
func (ts *turns) onRemoteEnd(e *serverEvent) (changed bool) {
	t := ts.latest()
	t.answer.last = e.came
	t.remote.end(e.ItemID, e.came)
	return true
}

// onRemoteItem handles an item that the service has added to the conversation: a call
// of an MCP server, its end, or a request for approval. It comes with no response.
func (ts *turns) onRemoteItem(e *serverEvent) (changed bool) {
	t := ts.latest()
	known := t.answer.reply.call(e.Item.ID, e.Item.CallID) != nil
	if !known && (t.terms.remote[e.Item.ID] == typeMCPApproval || e.Item.Type == typeMCPCall && !e.Item.settled()) {
		return false // from an earlier turn, or nothing that is not told otherwise
	}
	t.answer.last = e.came
	t.answer.reply.response = ""
	t.answer.reply.completeItem(e.Item)
	t.noteRemote(e)
	return true
}

// noteRemote takes note of what an event says of a call.
func (t *turn) noteRemote(e *serverEvent) {
	if e.Item.Type == typeMCPCall && e.Item.settled() {
		t.remote.tell(e.Item.ID, e.came)
	}
}

// settled reports whether the item of a call has its result.
func (i *itemBody) settled() bool {
	return i.Output != "" || i.Failure != "" || i.Status == "completed" || i.Status == "failed"
}

// approveRemote answers requests for approval of calls that the campaign approves.
func (t *turn) approveRemote() (send []any) {
	if t.failed != nil || t.answer.cancel.why != "" {
		return nil
	}
	for _, p := range t.answer.reply.pieces {
		if p.call == nil || p.call.Type != typeMCPApproval || p.approved || !t.config.approves(p.call.Server, p.call.Name) {
			continue
		}
		p.approved = true
		t.remote.approved++
		send = append(send, t.encoder().approval(p.itemID, true, ""))
	}
	return send
}

// unapproved reports whether a request for approval waits for an answer of the
// campaign, so that the call that it is about does not run.
func (r *reply) unapproved() bool {
	return slices.ContainsFunc(r.pieces, func(p *piece) bool { return p.call != nil && p.call.Type == typeMCPApproval && !p.approved })
}

// running returns a call that has not ended; nil if there is none.
func (t *turn) running() *piece {
	for _, p := range t.answer.reply.pieces {
		if _, ended := t.remote.ended[p.itemID]; p.call != nil && p.call.Type == typeMCPCall && !p.call.settled() && !ended {
			return p
		}
	}
	return nil
}

// atRest reports whether all calls have ended, and their results are known. One that
// was approved may not have begun yet.
func (t *turn) atRest(now time.Time) bool {
	ended := len(t.remote.ended)
	for _, p := range t.answer.reply.pieces {
		if _, known := t.remote.ended[p.itemID]; p.call != nil && p.call.Type == typeMCPCall && p.call.settled() && !known {
			ended++
		}
	}
	return ended >= t.remote.approved && t.running() == nil && !now.Before(t.remote.due())
}

// isUnanswered reports whether the response that has ended called MCP servers at its
// end, so that the service has yet to answer with the results.
func (t *turn) isUnanswered() bool {
	a := &t.answer
	switch {
	case a.ended == nil, a.ended.Status != "completed", a.reply.full != "", a.cancel.why != "", a.playback.cut,
		t.remote.unfinished != "", t.out.outOfBand != nil, a.reply.unapproved():
		return false
	}
	isRemote := false
	for _, p := range a.reply.pieces {
		switch {
		case p.response != a.response:
		case p.call != nil && p.call.Type == typeFunctionCall:
			return false // the campaign answers it, and the service with everything then
		default:
			isRemote = p.call != nil
		}
	}
	return isRemote
}

// proceedRemotely requests the response that continues the reply, when all calls have
// ended.
func (t *turn) proceedRemotely(now time.Time) (send []any) {
	send = t.approveRemote()
	if t.failed != nil || !t.isUnanswered() || !t.atRest(now) || !t.remote.continued.IsZero() {
		return send
	}
	if t.remote.rounds == maxRounds {
		t.remote.unfinished = fmt.Sprintf("the service called MCP servers %d times in a row", maxRounds)
		return send
	}
	t.remote.continued = now
	t.remote.rounds++
	return append(send, t.request())
}

// goOn makes a response that was just created the continuation of the reply.
func (a *answer) goOn(responseID string, now time.Time) {
	a.earlier = append(a.earlier, a.response)
	a.spent.add(a.ended.Usage)
	a.response, a.ended, a.last = responseID, nil, now
}

// remoteDeadline is when the turn stops waiting for calls of MCP servers, or for the
// response that continues the reply.
func (t *turn) remoteDeadline() time.Time {
	end := latest(t.out.sent, t.out.asked).Add(t.config.Timeouts.Turn.Std())
	if t.remote.continued.IsZero() {
		return end
	}
	return earliest(end, t.remote.continued.Add(t.config.Timeouts.FirstEvent.Std()))
}

// giveUpRemotely ends the wait. What has arrived is the reply.
func (t *turn) giveUpRemotely(within time.Duration) {
	t.terms.outOfSync = true
	t.remote.unfinished = fmt.Sprintf("the service did not answer within %s after it called MCP servers", within)
	if p := t.running(); p != nil {
		t.remote.unfinished = fmt.Sprintf("the service did not end its call of %q within %s", p.call.Name, within)
	}
}

// add adds the usage of an earlier response of the same reply.
func (u *usageBody) add(more usageBody) {
	u.InputTokens += more.InputTokens
	u.OutputTokens += more.OutputTokens
	u.Input.add(more.Input)
	u.Output.add(more.Output)
	u.Odd = u.Odd || more.Odd
}

func (t *tokens) add(more tokens) {
	t.Text += more.Text
	t.Audio += more.Audio
	t.Image += more.Image
	t.Cached += more.Cached
	t.Odd = t.Odd || more.Odd
}

// isSaidBy reports whether another piece says the same: a call that has not run and
// the request for its approval are one, and so are a request that was approved and the
// call.
func (r *reply) isSaidBy(p *piece) bool {
	other := r.counterpart(p)
	switch {
	case other == nil:
		return false
	case p.call.Type == typeMCPApproval:
		return p.approved
	}
	return !other.approved && !p.call.settled()
}

// counterpart returns the request for approval of a call of an MCP server, or the
// call that a request is about; nil if there is none. They share no id.
func (r *reply) counterpart(p *piece) *piece {
	kinds := []string{typeMCPCall, typeMCPApproval}
	if !slices.Contains(kinds, p.call.Type) {
		return nil
	}
	for _, other := range r.pieces {
		if other.call != nil && other.call.Type != p.call.Type && slices.Contains(kinds, other.call.Type) &&
			other.call.Name == p.call.Name && other.call.Arguments == p.call.Arguments {
			return other
		}
	}
	return nil
}

// callParts are the parts of a call. One that the campaign has approved says so.
func (r *reply) callParts(p *piece) ([]core.Part, error) {
	if p.call.Type == typeMCPApproval && p.approved { // and has not run
		parts, err := p.call.parts("approve")
		if err != nil {
			return nil, err
		}
		answered, err := toolPart(core.ToolResult, map[string]string{"call_id": p.call.callID(), "output": ""})
		return append(parts, answered), err
	}
	approval := ""
	if other := r.counterpart(p); other != nil && other.approved {
		approval = "approve"
	}
	return p.call.parts(approval)
}

// rememberRemote keeps what still waits for an answer of the campaign, or of an MCP
// server, when the turn is over.
func (t *turn) rememberRemote() {
	for _, p := range t.answer.reply.pieces {
		switch {
		case p.call == nil || p.call.Type == typeFunctionCall || p.approved || p.call.Type == typeMCPCall && p.call.settled():
			continue
		case t.terms.remote == nil:
			t.terms.remote = map[string]string{}
		}
		t.terms.remote[p.call.callID()] = p.call.Type
	}
}
