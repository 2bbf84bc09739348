package realtime

import (
	"slices"
	"time"
)

// outgoing is a message that is being sent to the service.
type outgoing struct {
	events []any // client events of the message that are still to be sent
	// speech is streamed after the events; nil for none.
	speech *speech
	// outOfBand is the input of an out-of-band response; nil for a turn of the
	// conversation.
	outOfBand []inputItem
	// buffered says that the message uses the input audio buffer.
	buffered bool

	items       []string // ids of the message's items that are known so far
	unconfirmed []string // items without confirmation

	sent  time.Time // when all of the events were sent; zero before
	asked time.Time // when the response was requested; zero before
}

// newOutgoing returns the message of client events, and of raw audio that is
// streamed after them; nil for none.
func newOutgoing(events []any, raw []byte, input format) outgoing {
	o := outgoing{events: events, items: itemIDs(events)}
	o.unconfirmed = slices.Clone(o.items)
	if raw != nil {
		o.speech = newSpeech(raw, input)
	}
	o.buffered = raw != nil || slices.ContainsFunc(events, func(event any) bool { _, ok := event.(audioAppend); return ok })
	return o
}

// onSent records that the events were sent; streaming begins.
func (o *outgoing) onSent(now time.Time) {
	if !o.sent.IsZero() {
		return
	}
	o.sent = now
	if o.speech != nil {
		o.speech.started = now
	}
}

// confirm records that the service has an item, and reports whether the message
// was waiting for it.
func (o *outgoing) confirm(itemID string) bool {
	i := slices.Index(o.unconfirmed, itemID)
	if i < 0 {
		return false
	}
	o.unconfirmed = slices.Delete(o.unconfirmed, i, i+1)
	return true
}

// complete reports whether the message was sent, confirmed by a service that
// confirms items, and its response not yet requested.
func (o *outgoing) complete(acknowledges bool) bool {
	return !o.sent.IsZero() && o.asked.IsZero() && (!acknowledges || len(o.unconfirmed) == 0) &&
		(o.speech == nil || o.speech.heardOut())
}

// onSpeechStarted handles the service's detection of speech. Where it takes
// back the end of a turn that the service had detected, more silence is sent,
// so that the service detects the end again. answers says that the service then
// responds without a request.
func (o *outgoing) onSpeechStarted(now time.Time, answers bool) {
	if o.speech == nil {
		return
	}
	o.speech.open = true
	if o.speech.committed && answers {
		o.asked = time.Time{}
		o.speech.resume(now)
	}
}

// itemIDs returns the ids of the items that events create.
func itemIDs(events []any) []string {
	var ids []string
	for _, event := range events {
		if create, ok := event.(itemCreate); ok {
			ids = append(ids, create.Item.ID)
		}
	}
	return ids
}
