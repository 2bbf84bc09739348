package realtimetest

import (
	"strings"
	"time"
)

// Tokens of audio and images, as the services count them.
const (
	tokensPerSecondHeard = 10
	tokensPerSecondSaid  = 20
	tokensPerImage       = 85
)

// usage is the token usage of a response: each word counts as a text token.
func usage(items []*item, text string, said time.Duration) fields {
	var words, heard, seen int
	for _, it := range items {
		words += it.words()
		heard += int(tokensPerSecondHeard * (pcm.duration(it.audio) + it.length).Seconds())
		seen += tokensPerImage * len(it.images)
	}
	out, sound := len(strings.Fields(text)), int(tokensPerSecondSaid*said.Seconds())
	return fields{
		"total_tokens": words + heard + seen + out + sound, "input_tokens": words + heard + seen, "output_tokens": out + sound,
		"input_token_details": fields{
			"text_tokens": words, "audio_tokens": heard, "image_tokens": seen, "cached_tokens": 0,
			"cached_tokens_details": fields{"text_tokens": 0, "audio_tokens": 0, "image_tokens": 0},
		},
		"output_token_details": fields{"text_tokens": out, "audio_tokens": sound},
	}
}

// words counts the words of an item's text.
func (it *item) words() int {
	texts := []*string{it.wire.Arguments, it.wire.Output}
	for _, part := range it.wire.Content {
		texts = append(texts, part.Text)
	}
	n := 0
	for _, text := range texts {
		if text != nil {
			n += len(strings.Fields(*text))
		}
	}
	return n
}
