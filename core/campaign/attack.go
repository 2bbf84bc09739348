package campaign

import (
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// maxTrials bounds the trials: per variant and row, as the grammar says.
const maxTrials = 100_000

func (r *reader) attacks(v value) []Attack {
	var all []Attack
	r.list(v, func(entry value) { all = append(all, r.attack(entry)) })
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "attacks must not be empty")
	}
	return all
}

func (r *reader) attack(v value) Attack {
	a := Attack{Trials: 1, StopOn: StopSuccess, At: v.place()}
	r.object(v, []field{
		{"name", true, r.slugInto(&a.Name)},
		{"target", true, func(v value) { a.Target, _ = r.name(v) }},
		{"objective", true, r.textInto(&a.Objective)},
		{"system_prompt", false, func(v value) { a.SystemPrompt = r.textOrFile(v) }},
		{"trials", false, func(v value) {
			if n, ok := r.integer(v, 1, maxTrials); ok {
				a.Trials = n
			}
		}},
		{"for_each", false, func(v value) { a.ForEach, _ = r.name(v) }},
		{"variants", false, func(v value) { r.list(v, func(entry value) { a.Variants = append(a.Variants, r.variant(entry)) }) }},
		{"turns", true, func(v value) { a.Turns = r.turns(v) }},
		{"scorers", true, func(v value) {
			r.names(&a.Scorers)(v)
			if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
				r.problem(v.place(), "without a scorer nobody says whether an attack succeeded", "scorers must not be empty")
			}
		}},
		{"success", false, func(v value) {
			a.Success, _ = r.text(v)
			a.SuccessAt, a.successText = v.place(), r.textPlace(v.Node)
		}},
		{"stop_on", false, func(v value) {
			if s, ok := r.choice(v, string(StopSuccess), string(StopNever)); ok {
				a.StopOn = StopOn(s)
			}
		}},
	}, "strategy", "tags", "weight", "seed")
	return a
}

func (r *reader) variant(v value) Variant {
	variant := Variant{At: v.place()}
	r.object(v, []field{
		{"name", true, r.slugInto(&variant.Name)},
		{"converters", true, r.names(&variant.Converters)},
	})
	return variant
}

func (r *reader) turns(v value) []Turn {
	var all []Turn
	r.list(v, func(entry value) { all = append(all, r.turn(entry)) })
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "turns must not be empty")
	}
	return all
}

func (r *reader) turn(v value) Turn {
	t := Turn{At: v.place()}
	var user, clip *yaml.Node
	before := len(r.problems)
	r.object(v, []field{
		{"user", false, func(v value) {
			user = v.Node
			t.User, _ = r.text(v)
			t.userText = r.textPlace(v.Node)
		}},
		{"audio", false, func(v value) {
			clip = v.Node
			t.AudioFile, t.Audio = r.audio(v)
		}},
		{"as", false, func(v value) {
			t.As, _ = r.modality(v, core.Text, core.Audio, core.Image)
			t.AsAt = v.place()
		}},
		{"converters", false, r.names(&t.Converters)},
	}, "image", "tool_result")
	switch {
	case user != nil && clip != nil:
		r.problem(place(clip), "make it a turn of its own", "a turn is either user: or audio:, not both")
	case user == nil && clip == nil && len(r.problems) == before:
		r.problem(t.At, "", `%s needs the key "user" or "audio"`, v.label)
	}
	return t
}

// audio reads the file of an audio: turn.
func (r *reader) audio(v value) (string, *core.Value) {
	const most = 64 << 20
	name, ok := r.text(v)
	if !ok {
		return "", nil
	}
	if ext := path.Ext(name); ext != ".wav" && ext != ".WAV" {
		r.problem(v.place(), "convert it to WAV first", "%s is not a WAV file by its name", shorten(name))
		return name, nil
	}
	data, ok := r.attachment(v.place(), name, most)
	if !ok {
		return name, nil
	}
	clip, warnings, err := audio.DecodeWAV(data)
	switch {
	case err != nil:
		r.problem(v.place(), "", "%s: %v", shorten(name), err)
		return name, nil
	case len(clip.Samples) == 0:
		r.problem(v.place(), "", "%s holds no audio", shorten(name))
		return name, nil
	case len(warnings) > 0:
		r.problem(v.place(), "save it again from its source", "%s: %s", shorten(name), strings.Join(warnings, "; "))
		return name, nil
	}
	value := core.WAVValue(data)
	return name, &value
}
