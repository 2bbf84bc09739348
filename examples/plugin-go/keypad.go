package main

import (
	"context"
	"strings"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type keypadConfig struct {
	Terminator string `json:"terminator" doc:"The key that ends an entry; none for \"\"." enum:"#,*,"`
}

// keypad spells text on the keys of a telephone.
type keypad struct{ terminator string }

func keypadComponent() core.Component {
	text := []core.Modality{core.Text}
	return core.NewConverter(
		core.Info{
			Name: "keypad", Summary: "Spells text on the keys of a telephone.", In: text, Out: text,
			Description: "Each letter becomes the key that it stands on (\"code\" is 2633). Digits, * and # stay. What has no key is left out.",
		},
		keypadConfig{Terminator: "#"},
		func(_ context.Context, c keypadConfig) (core.Converter, error) { return keypad{c.Terminator}, nil })
}

// Convert implements [core.Converter].
func (k keypad) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "a keypad has no keys for %s", in.Modality)
	}
	if ctx.Err() != nil {
		return core.Value{}, ctx.Err()
	}
	if left := strings.Map(unkeyed, in.Text()); left != "" {
		core.Warn(ctx, "no key for %q: left out", left)
	}
	keys := strings.Map(key, in.Text())
	if keys == "" {
		return core.Value{}, core.Errorf(core.ErrorInput, "the text has no letter and no digit of a keypad").
			WithHint("letters from A to Z and digits are")
	}
	return core.TextValue(keys + k.terminator), nil
}

// unkeyed returns a character without a key that is no space, or -1.
func unkeyed(r rune) rune {
	if key(r) >= 0 || unicode.IsSpace(r) {
		return -1
	}
	return r
}

// key returns the key that a character stands on, or -1.
func key(r rune) rune {
	const letters = "22233344455566677778889999" // of A to Z
	switch r = unicode.ToUpper(r); {
	case r >= 'A' && r <= 'Z':
		return rune(letters[r-'A'])
	case r >= '0' && r <= '9', r == '*', r == '#':
		return r
	default:
		return -1
	}
}
