package text

import (
	"context"
	"encoding/base64"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type base64Config struct {
	Alphabet string `json:"alphabet" doc:"The standard alphabet with + and /, or the one for URLs with - and _." enum:"standard,url"`
	Padding  bool   `json:"padding" doc:"End the text with = so that its length is a multiple of four."`
}

func (c base64Config) encoding() (*base64.Encoding, error) {
	var encoding *base64.Encoding
	switch c.Alphabet {
	case "standard":
		encoding = base64.StdEncoding
	case "url":
		encoding = base64.URLEncoding
	default:
		return nil, core.Errorf(core.ErrorConfig, "%q is not an alphabet", c.Alphabet).At("alphabet").WithHint("standard or url")
	}
	if !c.Padding {
		encoding = encoding.WithPadding(base64.NoPadding)
	}
	return encoding, nil
}

// Validate refuses unknown alphabets.
func (c base64Config) Validate() error {
	_, err := c.encoding()
	return err
}

func base64Component() core.Component {
	return core.NewConverter(
		info("base64", "Encodes text as base64.",
			"Asks whether a target that refuses a request in the clear follows it in base64. The bytes of the text are encoded as they are (RFC 4648)."),
		base64Config{Alphabet: "standard", Padding: true},
		func(_ context.Context, c base64Config) (core.Converter, error) {
			encoding, err := c.encoding()
			if err != nil {
				return nil, fmt.Errorf("base64: %w", err)
			}
			return rewrite(func(text []byte) []byte { return encoding.AppendEncode(nil, text) }), nil
		})
}
