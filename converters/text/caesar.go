package text

import (
	"bytes"
	"context"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const letters = 26

type caesarConfig struct {
	Shift int `json:"shift" doc:"By how many letters each letter moves on; negative moves back." min:"-25" max:"25"`
}

// Validate refuses a shift of 0 and shifts outside -25 to 25.
func (c caesarConfig) Validate() error {
	if c.Shift == 0 || c.Shift <= -letters || c.Shift >= letters {
		return core.Errorf(core.ErrorConfig, "a shift of %d is outside 1 to 25 and -25 to -1", c.Shift).At("shift")
	}
	return nil
}

func caesarComponent() core.Component {
	return core.NewConverter(
		info("caesar", "Moves each letter of the Latin alphabet on by a number of places.",
			"A to Z in either case are moved around the alphabet; every other byte stays as it is."),
		caesarConfig{Shift: 3},
		func(_ context.Context, c caesarConfig) (core.Converter, error) { return latin{rotate(c.Shift)}, nil })
}

func rot13Component() core.Component {
	return core.NewConverter(
		info("rot13", "Moves each letter of the Latin alphabet on by 13 places.",
			"Applied twice it gives the text back. A to Z in either case are moved; every other byte stays as it is."),
		struct{}{}, func(context.Context, struct{}) (core.Converter, error) { return latin{rotate(letters / 2)}, nil })
}

// latin is a converter of the letters A to Z. It warns of others, which stay.
type latin struct{ rewrite }

// Convert implements [core.Converter].
func (l latin) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	out, err := l.rewrite.Convert(ctx, in)
	isOther := func(r rune) bool { return r > unicode.MaxASCII && unicode.IsLetter(r) }
	if err == nil && bytes.ContainsFunc(in.Data, isOther) {
		core.Warn(ctx, "letters other than A to Z stay as they are")
	}
	return out, err
}

// rotate moves the letters A to Z and a to z by shift places, wrapping around.
func rotate(shift int) rewrite {
	return func(text []byte) []byte {
		out := make([]byte, len(text))
		for i, b := range text {
			switch {
			case 'a' <= b && b <= 'z':
				b = 'a' + turn(b-'a', shift)
			case 'A' <= b && b <= 'Z':
				b = 'A' + turn(b-'A', shift)
			}
			out[i] = b
		}
		return out
	}
}

func turn(letter byte, shift int) byte {
	return byte((int(letter) + shift + letters) % letters)
}
