package campaign

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The bounds of interrupt.after. A reply of speech is over after a minute, and
// less than a millisecond of sound nobody hears.
const (
	leastInterrupt = time.Millisecond
	mostInterrupt  = time.Minute
)

// deliveryPlaces are where the keys of a turn's delivery stand; the zero
// Position where one is not given.
type deliveryPlaces struct{ systemPrompt, stream, interrupt, outOfBand Position }

// DeliveryAt returns the place of the key of the turn's delivery that needs a
// capability.
func (t Turn) DeliveryAt(capability string) Position {
	at := Position{}
	switch capability {
	case core.CapabilitySystemPromptUpdate:
		at = t.delivery.systemPrompt
	case core.CapabilityStream:
		at = t.delivery.stream
	case core.CapabilityInterrupt:
		at = t.delivery.interrupt
	case core.CapabilityOutOfBand:
		at = t.delivery.outOfBand
	}
	if at == (Position{}) {
		return t.At
	}
	return at
}

// delivery returns the keys that say how a turn reaches the target.
func (r *reader) delivery(t *Turn) []field {
	return []field{
		{"system_prompt", false, func(v value) {
			t.SystemPrompt = r.templateOrFile(v)
			prompt := t.SystemPrompt.Written
			t.Delivery.SystemPrompt, t.delivery.systemPrompt = &prompt, v.place()
		}},
		{"stream", false, func(v value) { t.Delivery.Stream, t.delivery.stream = r.boolean(v), v.place() }},
		{"interrupt", false, func(v value) {
			t.delivery.interrupt = v.place()
			if isText(v.Node) {
				r.problem(v.place(), "write {after: "+v.Value+"}", "interrupt must be a mapping, not %s", describe(v.Node))
				return
			}
			r.object(v, []field{{"after", true, func(v value) {
				t.Delivery.InterruptAfter, _ = r.duration(v, leastInterrupt, mostInterrupt)
			}}})
		}},
		{"out_of_band", false, func(v value) { t.Delivery.OutOfBand, t.delivery.outOfBand = r.boolean(v), v.place() }},
	}
}

// checkDelivery reports what cannot be asked of one turn at the same time, or
// of a turn after those before it.
func (r *reader) checkDelivery(t Turn, before []Turn) {
	d := t.Delivery
	if d.OutOfBand && d.SystemPrompt != nil {
		r.problem(t.delivery.systemPrompt, "give the system prompt to a turn of its own", "a turn out of band leaves no trace, so it cannot change the system prompt")
	}
	if d.OutOfBand && d.Stream {
		r.problem(t.delivery.stream, "leave one of them out", "a turn out of band is sent at once, not at the pace of speech")
	}
	if t.delivery.interrupt == (Position{}) {
		return
	}
	switch {
	case len(before) == 0:
		r.problem(t.delivery.interrupt, "leave it out", "the first turn has no reply before it to interrupt")
	case d.OutOfBand:
		r.problem(t.delivery.interrupt, "leave one of them out", "a turn out of band is not said over a reply")
	case before[len(before)-1].Delivery.OutOfBand:
		r.problem(t.delivery.interrupt, "leave it out, or out_of_band of the turn before", "the turn before is out of band, and its reply is not spoken")
	}
}
