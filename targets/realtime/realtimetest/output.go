package realtimetest

import (
	"context"
	"strings"
	"time"
)

// output is one item of a reply that is being sent.
type output interface {
	// send announces the item and sends its deltas.
	send(ctx context.Context) ending
	// finished is the item at its end, in a response that ends with the status.
	finished(status string) wireItem
	// close ends the item and adds it to the conversation.
	close(done wireItem)
	// said is the text and the audio that were sent.
	said() (text string, sound time.Duration)
}

// ending is how an output item ended.
type ending int

const (
	complete ending = iota
	interrupted
	brokenOff
)

// deliver sends the items of the reply, up to the point at which a fault or the
// client ends it.
func (r *response) deliver(ctx context.Context, items []output, status string, details statusDetails) {
	var sent []wireItem
	var texts []string
	var sound time.Duration
	for _, out := range items {
		switch out.send(ctx) {
		case brokenOff:
			r.release() // the connection is gone
			return
		case interrupted:
			status, details = cancelled(ctx)
		}
		done := out.finished(status)
		out.close(done)
		sent = append(sent, done)
		text, length := out.said()
		texts, sound = append(texts, text), sound+length
		if status == "cancelled" {
			break
		}
	}
	r.finish(status, details, sent, usage(r.items, strings.Join(texts, " "), sound))
}

// itemStatus is the status of an item in a response that ends with another
// status.
func itemStatus(response string) string {
	if response == "completed" {
		return response
	}
	return "incomplete"
}

// openItem adds an output item to the conversation and announces it. From now on the
// client may truncate it: it can tell before the server what is played no more.
func (r *response) openItem(index int, started *item) {
	c := r.conn
	if !r.inBand {
		c.send("response.output_item.added", fields{"response_id": r.id, "output_index": index, "item": started.wire})
		return
	}
	c.mu.Lock()
	before := c.before(len(c.items))
	c.items = append(c.items, started)
	c.mu.Unlock()
	c.send("response.output_item.added", fields{"response_id": r.id, "output_index": index, "item": started.wire})
	c.announce("added", started.wire, before, r.number)
}

// lengthen says how much of an item's audio has been sent.
func (r *response) lengthen(id string, length time.Duration) {
	c := r.conn
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.find(id); i >= 0 && !c.items[i].truncated {
		longer := *c.items[i]
		longer.length = length
		c.items[i] = &longer
	}
}

// closeItem ends an output item of the conversation. The client may be sent another
// version than the one kept.
func (r *response) closeItem(index int, shown wireItem, kept *item) {
	c := r.conn
	c.send("response.output_item.done", fields{"response_id": r.id, "output_index": index, "item": shown})
	if !r.inBand {
		return
	}
	c.mu.Lock()
	var before any
	if i := c.find(kept.wire.ID); i >= 0 { // the client has not deleted it
		before = c.before(i)
		if c.items[i].truncated {
			kept.truncated, kept.length, kept.wire.Content = true, c.items[i].length, c.items[i].wire.Content
		}
		c.items[i] = kept
	}
	c.spoke = c.spoke || kept.length > 0
	c.mu.Unlock()
	c.announce("done", shown, before, r.number)
}

// pace waits, in a slow reply, for the playing time of a step. It reports false
// if the reply has ended meanwhile.
func (r *response) pace(ctx context.Context, step time.Duration) bool {
	if r.fault != SlowReply {
		return true
	}
	timer := time.NewTimer(step)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
