package campaign

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// The bounds of interrupt.after: a spoken reply lasts at most about a minute;
// sound below a millisecond is inaudible.
const (
	leastInterrupt = time.Millisecond
	mostInterrupt  = time.Minute
)

// deliveryPlaces are the positions of a turn's delivery keys; zero for keys
// that are not given.
type deliveryPlaces struct{ systemPrompt, stream, interrupt, outOfBand yamlfile.Position }

// DeliveryAt returns the position of the turn's delivery key that needs a
// capability.
func (t Turn) DeliveryAt(capability string) yamlfile.Position {
	at := yamlfile.Position{}
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
	if at == (yamlfile.Position{}) {
		return t.At
	}
	return at
}

// deliveryKeys returns the keys of a turn's delivery.
func deliveryKeys(t *Turn, in *folder) []yamlfile.Key {
	return []yamlfile.Key{
		yamlfile.Optional("system_prompt", func(v value) {
			t.SystemPrompt = in.templateOrFile(v)
			prompt := t.SystemPrompt.Written
			t.Delivery.SystemPrompt, t.delivery.systemPrompt = &prompt, v.At()
		}),
		yamlfile.Optional("stream", func(v value) { t.Delivery.Stream, t.delivery.stream = v.Boolean(), v.At() }),
		yamlfile.Optional("interrupt", func(v value) {
			t.delivery.interrupt = v.At()
			if v.IsText() {
				v.Problem("write {after: "+v.Written()+"}", "interrupt must be a mapping, not %s", v.Describe())
				return
			}
			v.Object(yamlfile.Required("after", func(v value) {
				t.Delivery.InterruptAfter, _ = v.Duration(leastInterrupt, mostInterrupt)
			}))
		}),
		yamlfile.Optional("out_of_band", func(v value) { t.Delivery.OutOfBand, t.delivery.outOfBand = v.Boolean(), v.At() }),
	}
}

// checkDelivery reports delivery keys that exclude each other, or that do not
// fit the turns before.
func checkDelivery(f *yamlfile.File, t Turn, before []Turn) {
	d := t.Delivery
	if d.OutOfBand && d.SystemPrompt != nil {
		f.Problem(t.delivery.systemPrompt, "give the system prompt to a turn of its own", "a turn out of band leaves no trace, so it cannot change the system prompt")
	}
	if d.OutOfBand && d.Stream {
		f.Problem(t.delivery.stream, "leave one of them out", "a turn out of band is sent at once, not at the pace of speech")
	}
	if t.delivery.interrupt == (yamlfile.Position{}) {
		return
	}
	switch {
	case len(before) == 0:
		f.Problem(t.delivery.interrupt, "leave it out", "the first turn has no reply before it to interrupt")
	case d.OutOfBand:
		f.Problem(t.delivery.interrupt, "leave one of them out", "a turn out of band is not said over a reply")
	case before[len(before)-1].Delivery.OutOfBand:
		f.Problem(t.delivery.interrupt, "leave it out, or out_of_band of the turn before", "the turn before is out of band, and its reply is not spoken")
	}
}
