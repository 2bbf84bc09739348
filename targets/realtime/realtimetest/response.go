package realtimetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// response is one reply while it is made.
type response struct {
	conn    *conn
	cancel  context.CancelCauseFunc // the cause is a cancellation
	ended   chan struct{}           // closed when the response has sent its last event
	eventID string                  // of response.create; "" for a detected turn
	number  int                     // among the socket's responses, from 1
	fault   FaultKind

	id       string
	inBand   bool // its output becomes part of the conversation
	items    []*item
	session  session // with the overrides of response.create
	metadata map[string]string
	modality string
	out      format

	remote []*remoteCall // made in it
}

func (c *conn) createResponse(ctx context.Context, e clientEvent) *protocolError {
	var params responseParams
	if len(e.Response) > 0 {
		if problem := decodeStrictly(e.Response, &params, "response."); problem != nil {
			return problem
		}
	}
	return c.respond(ctx, params, e.EventID)
}

// respond begins a response, for a client's event or because a turn has ended.
func (c *conn) respond(ctx context.Context, params responseParams, eventID string) *protocolError {
	r, problem := c.newResponse(ctx, params)
	if problem != nil {
		return problem
	}
	r.eventID, r.ended = eventID, make(chan struct{})
	session := ctx
	ctx, r.cancel = context.WithCancelCause(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	if r.inBand && c.active != nil {
		r.cancel(nil)
		return &protocolError{Code: "conversation_already_has_active_response", Message: fmt.Sprintf(
			"Conversation already has an active response in progress: %s. Wait until the response is finished before creating a new one.", c.active.id)}
	}
	if r.inBand {
		c.active = r
	}
	c.running[r.id] = r
	c.latest = r.id
	c.replies++
	c.server.responses.Add(1)
	r.number, r.fault = c.replies, replyFault(c.faults, c.replies)
	c.responses.Go(func() {
		defer close(r.ended)
		defer r.cancel(nil)
		r.run(ctx)
		for _, call := range r.remote {
			if ctx.Err() == nil { // else the response was cancelled
				c.begin(session, call)
			}
		}
	})
	return nil
}

// cancellation is the reason for which a response was cancelled, as the
// protocol names it.
type cancellation string

const (
	clientCancelled cancellation = "client_cancelled"
	turnDetected    cancellation = "turn_detected"
)

// Error returns the reason.
func (c cancellation) Error() string { return string(c) }

// cancelled is the status of a cancelled response in response.done. A response
// that ends with its socket is not reported.
func cancelled(ctx context.Context) (status string, details statusDetails) {
	why, ok := errors.AsType[cancellation](context.Cause(ctx))
	if !ok {
		why = clientCancelled
	}
	return "cancelled", statusDetails{Type: "cancelled", Reason: string(why)}
}

// run runs the response, and then lets the next one begin.
func (r *response) run(ctx context.Context) {
	if r.misbehaves() {
		r.release()
		return
	}
	r.conn.send("response.created", fields{"response": r.body("in_progress", nil, nil, nil)})
	if r.fault == StaleResponse {
		r.sendStale()
	}
	if r.fault == CreatedOnly {
		r.release()
		return
	}
	r.sendUnknownEvent()
	r.conn.send("rate_limits.updated", fields{"rate_limits": r.rateLimits()})
	if e := r.failure(); e != nil {
		r.finish("failed", statusDetails{Type: "failed", Error: e}, nil, nil)
		return
	}
	r.answer(ctx)
}

// answer asks the agent and sends its calls or its message.
func (r *response) answer(ctx context.Context) {
	t, err := r.think(ctx)
	switch {
	case ctx.Err() != nil:
		status, details := cancelled(ctx)
		r.finish(status, details, nil, nil)
		return
	case err != nil:
		r.conn.server.log.Error("the agent cannot answer", "error", err)
		r.finish("failed", statusDetails{Type: "failed", Error: &responseError{
			Type: "server_error", Code: "server_error", Message: "The server had an error while processing your request.",
		}}, nil, nil)
		return
	case r.fault == EmptyReply || t.text == "" && len(t.calls) == 0:
		r.finish("completed", statusDetails{Type: "completed"}, nil, usage(r.items, "", 0))
		return
	}
	status, details := r.planned()
	if len(t.calls) > 0 {
		r.deliver(ctx, r.deliveriesOf(t.calls), status, details)
		return
	}
	if r.fault == HalfSample && len(t.speech) > 0 {
		t.speech = t.speech[:len(t.speech)-1]
	}
	whole := delivery{response: r, itemID: newID("item_"), text: t.text, speech: t.speech}
	if limit, ok := r.tokenLimit(); ok && len(whole.pieces()) > limit {
		whole.text = whole.firstWords(limit)
		status, details = "incomplete", statusDetails{Type: "incomplete", Reason: "max_output_tokens"}
	} else if status != "completed" {
		whole.halve()
	}
	r.deliver(ctx, whole.split(), status, details)
}

// planned is how the reply ends unless it is cancelled.
func (r *response) planned() (string, statusDetails) {
	switch r.fault {
	case ContentFilter:
		return "incomplete", statusDetails{Type: "incomplete", Reason: "content_filter"}
	case Truncated:
		return "incomplete", statusDetails{Type: "incomplete", Reason: "max_output_tokens"}
	case Cancelled:
		return "cancelled", statusDetails{Type: "cancelled", Reason: "turn_detected"}
	}
	return "completed", statusDetails{Type: "completed"}
}

// thought is the agent's result: calls, or text and its speech.
type thought struct {
	calls  []ToolCall
	text   string
	speech []byte // in the session's output format
}

// think transcribes, and then calls tools, or answers and speaks.
func (r *response) think(ctx context.Context) (thought, error) {
	var items []Item
	for _, it := range r.items {
		if strings.HasPrefix(it.wire.Type, "mcp_") {
			items = append(items, remoteItems(it.wire)...)
			continue
		}
		one, err := r.conn.forAgent(ctx, it)
		if err != nil {
			return thought{}, err
		}
		items = append(items, one)
	}
	instructions := r.session.instructions(r.conn.server.options.Prompts)
	calls, err := r.useTools(ctx, instructions, items)
	if err != nil || len(calls) > 0 {
		return thought{calls: calls}, err
	}
	text, err := r.conn.server.agent.Answer(ctx, instructions, items)
	if err != nil {
		return thought{}, fmt.Errorf("answering: %w", err)
	}
	if !r.spoken() || text == "" {
		return thought{text: text}, nil
	}
	speech, err := r.conn.server.agent.Speak(ctx, text)
	if err != nil {
		return thought{}, fmt.Errorf("speaking: %w", err)
	}
	speech, err = r.out.encode(speech)
	if err != nil {
		return thought{}, fmt.Errorf("encoding speech: %w", err)
	}
	return thought{text: text, speech: speech}, nil
}

func (r *response) tokenLimit() (int, bool) {
	n, ok := asNumber(r.session.values["max_output_tokens"])
	return int(n), ok
}

// release lets the conversation begin another response.
func (r *response) release() {
	r.conn.mu.Lock()
	defer r.conn.mu.Unlock()
	delete(r.conn.running, r.id)
	if r.conn.active == r {
		r.conn.active = nil
		r.conn.ended++
	}
}

// finish sends response.done. The conversation is released before, so that the
// client's next response.create is accepted.
func (r *response) finish(status string, details statusDetails, output []wireItem, used fields) {
	r.release()
	if status == "completed" {
		r.conn.server.turns.Add(1)
	}
	if r.fault == NoDone {
		return
	}
	if r.fault == DisagreeingDone {
		output = disagree(output)
	}
	r.sendUnknownEvent()
	// Events that the client sends in answer are ignored: the connection is
	// about to be dropped.
	r.conn.deaf.Store(r.fault == DropAfterReply)
	r.conn.send("response.done", fields{"response": r.body(status, &details, output, used)})
	if r.fault == DropAfterReply {
		r.conn.drop()
	}
	r.conn.tellLateTranscripts()
}

// spoken reports whether the reply is sent as audio.
func (r *response) spoken() bool { return r.modality == "audio" && r.fault != TextOnly }

type statusDetails struct {
	Type   string         `json:"type,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Error  *responseError `json:"error,omitempty"`
}

type responseError struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// body is the response object of response.created and response.done.
func (r *response) body(status string, details *statusDetails, output []wireItem, used fields) fields {
	b := fields{
		"object": "realtime.response", "id": r.id, "status": status,
		"status_details": cmp.Or(details, &statusDetails{}), // clients want it, and the official types have no null
		"output":         append([]wireItem{}, output...), "output_modalities": []string{r.modality},
		"metadata": r.metadata, "max_output_tokens": r.session.values["max_output_tokens"],
		"audio": fields{"output": fields{
			"format": r.session.at("audio", "output", "format"), "voice": r.session.at("audio", "output", "voice"),
		}},
	}
	if r.inBand {
		b["conversation_id"] = r.session.conversation()
	}
	if r.fault == NoMetadata {
		delete(b, "metadata")
	}
	if used != nil {
		b["usage"] = used
	}
	return b
}
