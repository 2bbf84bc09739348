package realtime

import (
	"slices"
	"time"
)

// outgoing is a message on its way to the service.
type outgoing struct {
	events []any // that say the message, and are still to be sent
	// speech is what is streamed after the events; nil where nothing is.
	speech *speech
	// outOfBand is what the answer to an out-of-band message is to be
	// about; nil for any other.
	outOfBand []inputItem
	// buffered says that the message goes through the input buffer.
	buffered bool

	items       []string // ids of the message's items, as far as they are known
	unconfirmed []string // those that the service has yet to confirm

	sent  time.Time // when all of the events were sent; zero before
	asked time.Time // when the service had to begin to answer; zero before
}

// newOutgoing returns the message that events say, and the raw audio that is
// streamed after them, if there is any.
func newOutgoing(events []any, raw []byte, input format) outgoing {
	o := outgoing{events: events, items: itemIDs(events)}
	o.unconfirmed = slices.Clone(o.items)
	if raw != nil {
		o.speech = newSpeech(raw, input)
	}
	o.buffered = raw != nil || slices.ContainsFunc(events, func(event any) bool { _, ok := event.(audioAppend); return ok })
	return o
}

// onSent notes that the events were sent; what is streamed begins then.
func (o *outgoing) onSent(now time.Time) {
	if !o.sent.IsZero() {
		return
	}
	o.sent = now
	if o.speech != nil {
		o.speech.started = now
	}
}

// confirm notes that the service has an item, and reports whether that was
// waited for.
func (o *outgoing) confirm(itemID string) bool {
	i := slices.Index(o.unconfirmed, itemID)
	if i < 0 {
		return false
	}
	o.unconfirmed = slices.Delete(o.unconfirmed, i, i+1)
	return true
}

// complete reports whether the message was said whole, by a service that
// confirms messages also confirmed, and its reply not yet asked for.
func (o *outgoing) complete(acknowledges bool) bool {
	return !o.sent.IsZero() && o.asked.IsZero() && (!acknowledges || len(o.unconfirmed) == 0) &&
		(o.speech == nil || o.speech.heardOut())
}

// onSpeechStarted notes that the service hears speech. Where that is the end of
// a turn which had seemed to be over, the service needs silence to see that it
// is; answers says that it then answers by itself.
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
