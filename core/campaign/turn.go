package campaign

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Turn is one user turn.
type Turn struct {
	// Parts are the parts of the message, in order. A turn that is user:,
	// audio: or image: has one.
	Parts []Part
	// Delivery says how the turn is to be sent. Its system prompt is not filled
	// in; see SystemPrompt.
	Delivery     core.Delivery
	SystemPrompt Text
	At           yamlfile.Position

	delivery deliveryPlaces
}

// Part is one part of a turn: a text, the contents of a file, or a generated
// sound.
type Part struct {
	// User is the text, where Value is nil.
	User Text
	// Value is a file's contents, or a generated sound.
	Value *core.Value
	// Generated says that Value is the sound of silence: or noise:.
	Generated bool
	// File is the path that Value was read from, as the campaign wrote it.
	File string
	// As is the modality that the converters have to produce; "" allows any.
	As         core.Modality
	AsAt       yamlfile.Position
	Converters []Reference
	// ConvertersAt is the zero Position where none are given.
	ConvertersAt yamlfile.Position
	At           yamlfile.Position
}

// Modality is that of the part before its converters.
func (p Part) Modality() core.Modality {
	if p.Value != nil {
		return p.Value.Modality
	}
	return core.Text
}

func readTurns(v value, in *folder) []Turn {
	var all []Turn
	v.List(func(entry value) { all = append(all, readTurn(entry, all, in)) })
	if v.IsList() && v.Len() == 0 {
		v.Problem("", "turns must not be empty")
	}
	return all
}

// readTurn reads a turn after those before it.
func readTurn(v value, before []Turn, in *folder) Turn {
	t := Turn{At: v.At()}
	own := Part{At: v.At()} // of a turn with one part
	var parts bool
	var is yamlfile.OneOf
	problems := v.File().Count()
	fields := contentKeys(&is, &own, in)
	fields = append(fields,
		is.Key("parts", func(v value) { parts, t.Parts = true, readParts(v, in) }),
		asKey(&own),
		convertersKey(&own),
	)
	v.Object(append(fields, deliveryKeys(&t, in)...)...)
	is.Check(v, problems, "a turn", "make it a turn of its own, or put both into parts:")
	if parts {
		checkMisplaced(v.File(), own)
	} else {
		t.Parts = []Part{own}
	}
	checkDelivery(v.File(), t, before)
	return t
}

// checkMisplaced reports keys beside parts: that belong into a part.
func checkMisplaced(f *yamlfile.File, own Part) {
	const hint = "put it on the part that it is meant for"
	if own.AsAt != (yamlfile.Position{}) {
		f.Problem(own.AsAt, hint, "as: does not go with parts:")
	}
	if own.ConvertersAt != (yamlfile.Position{}) {
		f.Problem(own.ConvertersAt, hint, "converters: does not go with parts:")
	}
}

// contentKeys returns the keys for a part's content that converters accept.
func contentKeys(is *yamlfile.OneOf, p *Part, in *folder) []yamlfile.Key {
	return []yamlfile.Key{
		is.Key("user", func(v value) { p.User = readTemplate(v) }),
		is.Key("audio", func(v value) { p.File, p.Value = in.speech(v) }),
		is.Key("image", func(v value) { p.File, p.Value = in.image(v) }),
	}
}

// asKey returns the key for the modality that a part's converters have to
// produce.
func asKey(p *Part) yamlfile.Key {
	return yamlfile.Optional("as", func(v value) {
		p.As, _ = readModality(v, core.Text, core.Audio, core.Image)
		p.AsAt = v.At()
	})
}

// convertersKey returns the key that names a part's converters.
func convertersKey(p *Part) yamlfile.Key {
	return yamlfile.Optional("converters", func(v value) {
		p.ConvertersAt = v.At()
		referencesInto(&p.Converters)(v)
	})
}

func readParts(v value, in *folder) []Part {
	var all []Part
	v.List(func(entry value) { all = append(all, readPart(entry, in)) })
	if v.IsList() && v.Len() == 0 {
		v.Problem("", "parts must not be empty")
	}
	return all
}

func readPart(v value, in *folder) Part {
	p := Part{At: v.At()}
	var is yamlfile.OneOf
	problems := v.File().Count()
	fields := contentKeys(&is, &p, in)
	fields = append(fields,
		is.Key("silence", func(v value) { p.Value, p.Generated = in.silence(v), true }),
		is.Key("noise", func(v value) { p.Value, p.Generated = in.noise(v), true }),
		asKey(&p),
		convertersKey(&p),
	)
	v.Object(fields...)
	is.Check(v, problems, "a part", "make it a part of its own")
	if p.Generated {
		checkUnconverted(v.File(), p)
	}
	return p
}

// checkUnconverted reports converters that would change a generated sound.
func checkUnconverted(f *yamlfile.File, p Part) {
	if p.AsAt != (yamlfile.Position{}) {
		f.Problem(p.AsAt, "leave it out", "silence and noise are always audio")
	}
	if p.ConvertersAt != (yamlfile.Position{}) {
		f.Problem(p.ConvertersAt, "leave them out; those of a variant run all the same", "silence and noise have no converters of their own")
	}
}
