package engine

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// sounds returns the sounds of a reply for judging. An interrupted sound has
// two parts, what had played and what had not; they are joined, because a word
// across the cut is in neither.
func sounds(reply core.Message) []core.Value {
	var whole []core.Value
	var open []core.Value // a sound and its undelivered rest
	for _, p := range reply.Parts {
		if p.Modality != core.Audio || isBlank(p.Value) {
			continue
		}
		if !p.Undelivered {
			whole, open = append(whole, joined(open)...), nil
		}
		open = append(open, p.Value)
	}
	return append(whole, joined(open)...)
}

// joined returns sounds as one, or unchanged where their formats differ.
func joined(values []core.Value) []core.Value {
	if len(values) < 2 {
		return values
	}
	clips := make([]audio.Clip, len(values))
	for i, v := range values {
		clip, _, err := audio.FromValue(v)
		if err != nil || i > 0 && clip.Rate != clips[0].Rate {
			return values
		}
		clips[i] = clip
	}
	return []core.Value{core.WAVValue(audio.EncodeWAV(audio.Join(clips...)))}
}
