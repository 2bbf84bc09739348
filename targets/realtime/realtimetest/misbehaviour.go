package realtimetest

// misbehaves carries out the faults that come before the reply, and reports
// whether there is no reply at all.
func (r *response) misbehaves() bool {
	c := r.conn
	switch r.fault {
	case Silence:
		return true
	case ErrorEvent:
		r.release() // before the client can know of it, as in finish
		c.refuse(r.eventID, protocolError{
			Type: "server_error", Code: "server_error",
			Message: "The server had an error while processing your request. Sorry about that!",
		})
		return true
	case SessionExpired:
		c.goodbyeExpired()
		return true
	case BenignError:
		c.refuse("", protocolError{Code: "response_cancel_not_active", Message: "Cancellation failed: no active response found."})
	case MalformedFrame:
		c.write([]byte(`{"type":"response.output_audio.delta","response_id":"` + r.id + `","del`))
	}
	return false
}

// failure is the error with which the response is to fail, or nil.
func (r *response) failure() *responseError {
	switch r.fault {
	case RateLimit:
		return &responseError{
			Type: "rate_limit_exceeded", Code: "rate_limit_exceeded",
			Message: "Rate limit reached for gpt-realtime on tokens per min (TPM): Limit 40000, Used 39876, Requested 500. Please try again in 1.5s.",
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

// sendStale sends the end of a response that this client never asked for, as
// it arrives after a cancellation or a lost race.
func (r *response) sendStale() {
	stale := &response{conn: r.conn, id: newID("resp_"), session: r.session, modality: r.modality, out: r.out}
	d := &delivery{response: stale, itemID: newID("item_"), text: "this is stale"}
	for _, word := range d.pieces() {
		d.sendWord(word)
	}
	d.closePart()
	r.conn.send("response.done", fields{"response": stale.body("completed", nil, []wireItem{d.item("completed", d.text, true)}, usage(nil, d.text, nil))})
}
