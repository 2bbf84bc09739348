package campaign

import (
	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Turn is one user turn.
type Turn struct {
	// Parts are what is said, in order. A turn that is user:, audio: or image:
	// has one.
	Parts []Part
	// Delivery says how it is to reach the target. Its system prompt is as the
	// campaign wrote it: that of SystemPrompt, not filled in.
	Delivery     core.Delivery
	SystemPrompt Text
	At           Position

	delivery deliveryPlaces
}

// Part is one part of a turn: a text, or the contents of a file, or sound that
// the campaign describes.
type Part struct {
	// User is the text, where Value is nil.
	User Text
	// Value is a file's contents, or a sound.
	Value *core.Value
	// File is the path that Value was read from, as the campaign wrote it.
	File string
	// As is the modality that must come out of the converters; "" leaves it
	// to them.
	As         core.Modality
	AsAt       Position
	Converters []Name
	// ConvertersAt is the zero Position where none are given.
	ConvertersAt Position
	At           Position
}

// Modality is that of the part before its converters.
func (p Part) Modality() core.Modality {
	if p.Value != nil {
		return p.Value.Modality
	}
	return core.Text
}

func (r *reader) turns(v value) []Turn {
	var all []Turn
	r.list(v, func(entry value) { all = append(all, r.turn(entry, all)) })
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "turns must not be empty")
	}
	return all
}

// turn reads a turn that follows others.
func (r *reader) turn(v value, before []Turn) Turn {
	t := Turn{At: v.place()}
	own := Part{At: v.place()} // of a turn that is one part
	var parts *yaml.Node
	var is kinds
	problems := len(r.problems)
	fields := r.content(&is, &own)
	fields = append(fields,
		is.field("parts", func(v value) { parts, t.Parts = v.Node, r.parts(v) }),
		r.as(&own),
		r.through(&own),
	)
	r.object(v, append(fields, r.delivery(&t)...))
	is.check(r, v, problems, "a turn", "make it a turn of its own, or put both into parts:")
	if parts == nil {
		t.Parts = []Part{own}
	} else {
		r.misplaced(own)
	}
	r.checkDelivery(t, before)
	return t
}

// misplaced reports what stands beside parts: and belongs into them.
func (r *reader) misplaced(own Part) {
	const hint = "put it on the part that it is meant for"
	if own.AsAt != (Position{}) {
		r.problem(own.AsAt, hint, "as: does not go with parts:")
	}
	if own.ConvertersAt != (Position{}) {
		r.problem(own.ConvertersAt, hint, "converters: does not go with parts:")
	}
}

// content returns the keys that say what a part is, and may go through
// converters.
func (r *reader) content(is *kinds, p *Part) []field {
	return []field{
		is.field("user", func(v value) { p.User = r.template(v) }),
		is.field("audio", func(v value) { p.File, p.Value = r.audio(v) }),
		is.field("image", func(v value) { p.File, p.Value = r.image(v) }),
	}
}

func (r *reader) as(p *Part) field {
	return field{"as", false, func(v value) {
		p.As, _ = r.modality(v, core.Text, core.Audio, core.Image)
		p.AsAt = v.place()
	}}
}

// through returns the key that names a part's converters.
func (r *reader) through(p *Part) field {
	return field{"converters", false, func(v value) {
		p.ConvertersAt = v.place()
		r.names(&p.Converters)(v)
	}}
}

func (r *reader) parts(v value) []Part {
	var all []Part
	r.list(v, func(entry value) { all = append(all, r.part(entry)) })
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "parts must not be empty")
	}
	return all
}

func (r *reader) part(v value) Part {
	p := Part{At: v.place()}
	var is kinds
	var made bool
	problems := len(r.problems)
	fields := r.content(&is, &p)
	fields = append(fields,
		is.field("silence", func(v value) { p.Value, made = r.silence(v), true }),
		is.field("noise", func(v value) { p.Value, made = r.noise(v), true }),
		r.as(&p),
		r.through(&p),
	)
	r.object(v, fields)
	is.check(r, v, problems, "a part", "make it a part of its own")
	if made {
		r.unconverted(p)
	}
	return p
}

// unconverted refuses what would change a sound that the campaign describes.
func (r *reader) unconverted(p Part) {
	if p.AsAt != (Position{}) {
		r.problem(p.AsAt, "leave it out", "silence and noise are always audio")
	}
	if p.ConvertersAt != (Position{}) {
		r.problem(p.ConvertersAt, "leave them out; those of a variant run all the same", "silence and noise have no converters of their own")
	}
}
