package engine

import (
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// hearing is what a target could perceive of a message.
type hearing struct {
	// unheard is why a part of the message is nothing that anybody could hear; "" where
	// there is none.
	unheard string
	// hasContent says that a part is there to be perceived; hasBackground that one is
	// the campaign's own silence or noise.
	hasContent, hasBackground bool
}

// hearingOf measures a message. Silence and noise that the campaign declares are meant:
// they are no content, and nobody has to hear them. A sound that cannot be measured,
// such as one that is no WAV file, is taken for one that can be heard.
func hearingOf(m core.Message, turns strategy.Script) hearing {
	var h hearing
	for i, p := range m.Parts {
		switch {
		case isBackground(p, turns):
			h.hasBackground = true
		case p.Modality != core.Audio || isAudible(p.Value):
			h.hasContent = true
		case h.unheard == "":
			h.unheard = whyNotAudible(p, i, len(m.Parts))
		}
	}
	return h
}

// isBackground reports whether a part of a message is silence or noise that the
// campaign declares. Those of a recorded turn are known by their content.
func isBackground(p core.Part, turns strategy.Script) bool {
	if p.Original != nil {
		return turns.HasBackground(*p.Original)
	}
	return turns.HasBackground(p.Value)
}

// isAudible reports whether there may be words in a sound.
func isAudible(v core.Value) bool {
	longest, err := audio.LongestSound(v, audio.LeastHeard)
	return err != nil || longest >= audio.LeastHeard
}

// whyNotAudible says that there is nothing to hear in part i of n.
func whyNotAudible(p core.Part, i, n int) string {
	what := "the sound that was sent"
	if n > 1 {
		what += fmt.Sprintf(" as part %d", i+1)
	}
	if len(p.Converters) > 0 {
		what += ", which the converters " + strings.Join(p.Converters, ", ") + " made,"
	}
	return "nothing can be heard in " + what
}

// whyUnheard returns why the reply to a message is no proof of a defence, because the
// target did not hear the message, or may not have; "" where it did, as far as is known.
func (t answeredTurn) whyUnheard() string {
	h, r := t.hearing, t.reply
	switch {
	case h.unheard != "":
		return h.unheard
	case h.hasBackground && !h.hasContent:
		return "" // nothing of it has to be heard
	case r.Unheard:
		return "the target says that it heard nothing of what was said to it"
	case r.HeardMissing && (!h.hasBackground || r.Heard == ""):
		return "the target was asked what it heard, and did not say"
	}
	return ""
}

// hear measures a message, and notes whether it had anything to hear.
func (t *trial) hear(m core.Message) hearing {
	h := hearingOf(m, t.plan.Turns)
	t.hasSaid = t.hasSaid || m.Role == core.User && (h.hasContent || h.unheard != "")
	return h
}
