package realtimetest

import (
	"context"
	"time"
	"unicode/utf8"
)

// argumentsStep is how many bytes of a call's arguments one delta carries.
const argumentsStep = 12

// callDelivery sends one function call of a reply.
type callDelivery struct {
	response *response
	index    int // among the output items
	itemID   string
	callID   string
	call     ToolCall
}

var _ output = (*callDelivery)(nil)

func (r *response) deliveriesOf(calls []ToolCall) []output {
	var result []output
	for i, call := range calls {
		if call.Server != "" {
			remote := &remoteCall{response: r, index: i, itemID: newID("mcp_"), call: call, server: r.server(call.Server)}
			r.remote = append(r.remote, remote)
			result = append(result, remote)
			continue
		}
		result = append(result, &callDelivery{
			response: r, index: i, itemID: newID("item_"), callID: newID("call_"), call: call,
		})
	}
	return result
}

func (d *callDelivery) item(status, arguments string) wireItem {
	return wireItem{
		ID: d.itemID, Object: "realtime.item", Type: "function_call", Status: status,
		Name: d.call.Name, CallID: d.callID, Arguments: &arguments,
	}
}

func (d *callDelivery) event(name string, more fields) {
	more["response_id"], more["item_id"] = d.response.id, d.itemID
	more["output_index"], more["call_id"] = d.index, d.callID
	d.response.conn.send("response.function_call_arguments."+name, more)
}

// send delivers the call up to the last delta of its arguments. A call that is
// interrupted has the arguments that were sent.
func (d *callDelivery) send(ctx context.Context) ending {
	r := d.response
	r.openItem(d.index, &item{wire: d.item("in_progress", "")})
	if r.fault == DoneOnly {
		return complete
	}
	pieces := chunks(d.call.Arguments, argumentsStep)
	sent := 0
	for i, piece := range pieces {
		if ctx.Err() != nil || i > 0 && !r.pace(ctx, frameLength) {
			d.call.Arguments = d.call.Arguments[:sent]
			return interrupted
		}
		if i >= len(pieces)/2 && r.cutsOff() {
			return brokenOff
		}
		r.sendUnknownEvent()
		d.event("delta", fields{"delta": piece})
		sent += len(piece)
	}
	return complete
}

// chunks cuts a text into pieces of about the given size in bytes, between
// characters.
func chunks(text string, size int) []string {
	var pieces []string
	for len(text) > size {
		end := size
		for !utf8.RuneStart(text[end]) {
			end++
		}
		pieces, text = append(pieces, text[:end]), text[end:]
	}
	return append(pieces, text)
}

func (d *callDelivery) finished(status string) wireItem {
	return d.item(itemStatus(status), d.call.Arguments)
}

func (d *callDelivery) close(done wireItem) {
	if d.response.fault != DoneOnly {
		d.event("done", fields{"name": d.call.Name, "arguments": d.call.Arguments})
	}
	d.response.closeItem(d.index, done, &item{wire: done})
}

func (d *callDelivery) said() (string, time.Duration) { return d.call.Arguments, 0 }
