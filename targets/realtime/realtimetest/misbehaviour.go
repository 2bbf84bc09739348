package realtimetest

import (
	"slices"
	"strings"

	"github.com/gorilla/websocket"
)

// hugeFrame is the size of an event above the limit of clients, in bytes.
const hugeFrame = 40 << 20

// misbehaves applies the faults that come before the reply, and reports whether
// there is no reply.
func (r *response) misbehaves() bool {
	c := r.conn
	switch r.fault {
	case Silence:
		return true
	case ErrorEvent:
		r.release() // before the client can learn of it, as in finish
		c.refuse(r.eventID, protocolError{
			Type: "server_error", Code: "server_error",
			Message: "The server had an error while processing your request. Sorry about that!",
		})
		return true
	case SessionExpired:
		c.closeExpired()
		return true
	case BenignError:
		c.refuse("", protocolError{Code: "response_cancel_not_active", Message: "Cancellation failed: no active response found."})
	case HugeFrame:
		c.write([]byte(`{"type":"response.padding","response_id":"` + r.id + `","padding":"` + strings.Repeat("x", hugeFrame) + `"}`))
	case MalformedFrame:
		c.write([]byte(`{"type":"response.output_audio.delta","response_id":"` + r.id + `","del`))
	}
	return false
}

// failure is the error with which the response has to fail; nil for none.
func (r *response) failure() *responseError {
	if a := r.conn.server.allowance; !a.takes() {
		return &responseError{Type: "rate_limit_exceeded", Code: "rate_limit_exceeded", Message: a.message()}
	}
	switch r.fault {
	case RateLimit:
		return &responseError{
			Type: "rate_limit_exceeded", Code: "rate_limit_exceeded",
			Message: "Rate limit reached for gpt-realtime-2.1 on tokens per min (TPM): Limit 40000, Used 39876, Requested 500. Please try again in 1.5s.",
		}
	case Quota:
		return &responseError{
			Type: "insufficient_quota", Code: "insufficient_quota",
			Message: "You exceeded your current quota, please check your plan and billing details.",
		}
	case ServerError:
		return &responseError{
			Type: "server_error", Code: "server_error",
			Message: "The server had an error while processing your request.",
		}
	}
	return nil
}

// cutsOff ends the reply in its middle, if a fault says so.
func (r *response) cutsOff() bool {
	switch r.fault {
	case HalfReply:
	case DropMidReply:
		r.conn.drop()
	case Close1000:
		r.conn.closeWith(websocket.CloseNormalClosure, "")
	case Close1008:
		r.conn.closeWith(websocket.ClosePolicyViolation, "This conversation violates a policy.")
	case Close1011:
		r.conn.closeWith(websocket.CloseInternalServerErr, "The server had an error.")
	case Close1012:
		r.conn.closeWith(websocket.CloseServiceRestart, "The server restarts.")
	default:
		return false
	}
	return true
}

// sendUnknownEvent sends an event of an undocumented type.
func (r *response) sendUnknownEvent() {
	if r.fault == UnknownEvents {
		r.conn.send("response.output_mood.delta", fields{
			"response_id": r.id, "item_id": "item_of_mood", "output_index": 7, "content_index": 0, "delta": "cheerful",
		})
	}
}

// disagree returns output that differs from what was sent.
func disagree(output []wireItem) []wireItem {
	const other = "Nothing of this was said."
	var result []wireItem
	for _, it := range output {
		content := slices.Clone(it.Content) // nil of a call
		for i, part := range it.Content {
			text := other
			switch {
			case part.Text != nil:
				part.Text = &text
			case part.Transcript != nil:
				part.Transcript = &text
			}
			content[i] = part
		}
		it.Content = content
		result = append(result, it)
	}
	return result
}

// rateLimits is the content of rate_limits.updated.
func (r *response) rateLimits() []fields {
	limits := []fields{{"name": "tokens", "limit": 40000, "remaining": 39000, "reset_seconds": 1.5}}
	if r.fault == LimitsExhausted {
		limits = append(limits, fields{"name": "requests", "limit": 100, "remaining": 0, "reset_seconds": 0.2})
	}
	return limits
}

// sendStale sends the end of a response that the client did not request, as it
// arrives after a cancellation or a lost race.
func (r *response) sendStale() {
	stale := &response{conn: r.conn, id: newID("resp_"), session: r.session, modality: r.modality, out: r.out}
	d := &delivery{response: stale, itemID: newID("item_"), text: "this is stale"}
	for _, word := range d.pieces() {
		d.sendWord(word)
	}
	d.closePart()
	r.conn.send("response.done", fields{"response": stale.body("completed", &statusDetails{Type: "completed"}, []wireItem{d.item("completed", d.text, true)}, usage(nil, d.text, 0))})
}
