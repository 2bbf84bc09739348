package command

import (
	"encoding/json"
	"math"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// usage is what a program says that a reply used. It never decides about the reply:
// a count that cannot be read is left at 0.
type usage struct {
	counts core.Usage
	odd    bool // whether there is a count that cannot be read
}

// maxTokens is above every number of tokens that a program means.
const maxTokens = 1 << 40

// UnmarshalJSON reads the counts that are whole numbers from 0 to maxTokens.
func (u *usage) UnmarshalJSON(data []byte) error {
	var fields map[string]json.RawMessage
	u.odd = json.Unmarshal(data, &fields) != nil
	c := &u.counts
	for name, to := range map[string]*int64{
		"input_tokens": &c.InputTokens, "output_tokens": &c.OutputTokens, "cached_input_tokens": &c.CachedInputTokens,
		"input_text_tokens": &c.InputTextTokens, "input_audio_tokens": &c.InputAudioTokens, "input_image_tokens": &c.InputImageTokens,
		"output_text_tokens": &c.OutputTextTokens, "output_audio_tokens": &c.OutputAudioTokens,
		"output_reasoning_tokens": &c.OutputReasoningTokens,
	} {
		var n float64
		if raw, told := fields[name]; told && json.Unmarshal(raw, &n) != nil || n != math.Trunc(n) || n < 0 || n > maxTokens {
			u.odd = true
			continue
		}
		*to = int64(n)
	}
	return nil
}

// remarks are warnings of a program: a list of texts, or one text. Anything else is
// shown as it is.
type remarks []string

// UnmarshalJSON reads any JSON.
func (r *remarks) UnmarshalJSON(data []byte) error {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		*r = list
		return nil
	}
	var text string
	if json.Unmarshal(data, &text) != nil {
		text = string(data)
	}
	*r = remarks{text}
	return nil
}

// word is a text beside the reply. Other JSON is shown as it is.
type word string

// UnmarshalJSON reads any JSON.
func (w *word) UnmarshalJSON(data []byte) error {
	var s *string
	if json.Unmarshal(data, &s) != nil {
		*w = word(data)
	} else if s != nil {
		*w = word(*s)
	}
	return nil
}

// number is the number of a message.
type number struct {
	value int
	// told is whether there is one, and odd whether it cannot be read.
	told, odd bool
}

// UnmarshalJSON reads any JSON. null is no number.
func (n *number) UnmarshalJSON(data []byte) error {
	var value *int
	err := json.Unmarshal(data, &value)
	if n.odd = err != nil; value != nil {
		n.value, n.told = *value, true
	}
	return nil
}

// wait is how long a program asks to be left alone: 0 where that cannot be read.
type wait time.Duration

// UnmarshalJSON reads any JSON.
func (w *wait) UnmarshalJSON(data []byte) error {
	var d core.Duration
	if json.Unmarshal(data, &d) == nil && d > 0 {
		*w = wait(d)
	}
	return nil
}
