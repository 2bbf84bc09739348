package realtimetest

import (
	"context"
	"math"
	"slices"
	"strings"
)

// transcribe sends the transcript of a user's item if the session has
// transcription on. It does so at any time, as the services do.
func (c *conn) transcribe(it *item) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.at("audio", "input", "transcription") == nil || len(it.audio) == 0 {
		return
	}
	turn := c.replies + 1
	if at(c.faults, LateTranscript, turn) {
		c.late = append(c.late, it)
		return
	}
	c.responses.Go(func() { c.tellTranscript(it, at(c.faults, TranscriptFailed, turn)) })
}

// tellLateTranscripts sends the transcripts that were held back.
func (c *conn) tellLateTranscripts() {
	c.mu.Lock()
	late := c.late
	c.late = nil
	c.mu.Unlock()
	for _, it := range late {
		c.tellTranscript(it, false)
	}
}

func (c *conn) tellTranscript(it *item, fails bool) {
	index := slices.IndexFunc(it.wire.Content, func(p contentPart) bool { return p.Type == "input_audio" })
	event := func(name string, more fields) {
		more["item_id"], more["content_index"] = it.wire.ID, index
		c.send("conversation.item.input_audio_transcription."+name, more)
	}
	text, err := it.hear()
	if err != nil || fails {
		event("failed", fields{"error": fields{
			"type": "server_error", "code": "audio_unintelligible", "message": "The audio could not be transcribed.",
		}})
		return
	}
	c.keepTranscript(it.wire.ID, index, text)
	if c.is(XAINames) {
		words := strings.SplitAfter(text, " ")
		for i := range words {
			event("updated", fields{"transcript": strings.Join(words[:i+1], "")})
		}
	} else {
		event("delta", fields{"delta": text})
	}
	completed := fields{"transcript": text, "usage": fields{"type": "duration", "seconds": pcm.duration(it.audio).Seconds()}}
	if c.includes("item.input_audio_transcription.logprobs") {
		completed["logprobs"] = logprobs(text)
	}
	event("completed", completed)
}

// includes reports whether the session asks for something in addition.
func (c *conn) includes(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, _ := c.session.values["include"].([]any)
	return slices.Contains(list, any(what))
}

// logprobs says that each word of a transcript was nine times as likely as all others
// together: agents do not tell how sure they are.
func logprobs(text string) []fields {
	pieces := []fields{}
	for _, word := range strings.SplitAfter(text, " ") {
		if word == "" {
			continue
		}
		values := make([]int, len(word))
		for i := range values {
			values[i] = int(word[i])
		}
		pieces = append(pieces, fields{"token": word, "logprob": math.Log(0.9), "bytes": values})
	}
	return pieces
}

// keepTranscript adds what was heard to a user's item, which clients retrieve then.
func (c *conn) keepTranscript(id string, part int, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.find(id)
	if i < 0 {
		return // deleted meanwhile
	}
	written := *c.items[i]
	written.wire.Content = slices.Clone(written.wire.Content)
	written.wire.Content[part].Transcript = &text
	c.items[i] = &written
}

// heard returns the transcript of the item's audio. If the context ends first,
// transcription continues for the next caller.
func (c *conn) heard(ctx context.Context, it *item) (string, error) {
	done := make(chan struct{})
	c.responses.Go(func() {
		defer close(done)
		_, _ = it.hear() // caches its result
	})
	select {
	case <-done:
		return it.hear()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
