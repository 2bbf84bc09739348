package core

import "time"

// Delivery says how a [Message] is to reach the target. The zero value stands
// for a message that is sent at once, after the reply to the one before, and
// answered in the conversation. Anything else needs the target's capability.
type Delivery struct {
	// SystemPrompt, if it is not nil, replaces the target's system prompt from
	// this message on; it needs CapabilitySystemPromptUpdate.
	SystemPrompt *string `json:"system_prompt,omitempty"`
	// Stream: audio is sent at the pace at which it plays, as a telephone
	// would, and where the target detects turns by itself, its detection says
	// when the turn is over. It needs CapabilityStream.
	Stream bool `json:"stream,omitempty"`
	// InterruptAfter, if it is not 0, has the message said over the reply to
	// the one before, when that much of the reply has played. It needs
	// CapabilityInterrupt; see [Interruptible].
	InterruptAfter time.Duration `json:"interrupt_after,omitempty"`
	// OutOfBand: the target answers with the conversation in mind, and neither
	// message nor reply becomes part of it. It needs CapabilityOutOfBand.
	OutOfBand bool `json:"out_of_band,omitempty"`
}

// IsZero reports whether nothing particular is asked for.
func (d Delivery) IsZero() bool { return d == Delivery{} }

// Needs returns the capabilities that a target must have for the delivery.
func (d Delivery) Needs() []string {
	var needs []string
	if d.SystemPrompt != nil {
		needs = append(needs, CapabilitySystemPromptUpdate)
	}
	if d.Stream {
		needs = append(needs, CapabilityStream)
	}
	if d.InterruptAfter != 0 {
		needs = append(needs, CapabilityInterrupt)
	}
	if d.OutOfBand {
		needs = append(needs, CapabilityOutOfBand)
	}
	return needs
}
