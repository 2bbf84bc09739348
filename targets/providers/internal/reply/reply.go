// Package reply collects what a service answers, piece by piece and within a limit,
// and makes the parts of a message of it.
package reply

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// maxPieces bounds the pieces of one reply.
const maxPieces = 512

// PCM is the media type of raw sound: 16 bits, little-endian, one channel, 24 kHz.
// It becomes a WAV file.
const PCM = "audio/pcm;rate=24000"

const pcmRate = 24_000

// Builder collects a reply. The zero value has no limit.
type Builder struct {
	// Limit bounds texts, sounds and calls together, in bytes; 0 is none.
	Limit  int
	size   int
	pieces []*piece
	full   string
}

// piece is one part of the reply.
type piece struct {
	modality  core.Modality
	key       string
	spoken    bool   // it is the transcript of a sound
	mediaType string // of a sound or an image
	data      []byte
	call      *Call
	result    tool.Result
}

// Call is a call of a tool.
type Call struct {
	ID, Name string
	// Arguments are as the service gives them, JSON or not.
	Arguments []byte
	builder   *Builder
}

// Full says which limit was reached, so that content was dropped; "" for none.
func (b *Builder) Full() string { return b.full }

// Empty reports whether nothing was collected.
func (b *Builder) Empty() bool { return len(b.pieces) == 0 }

// room returns how many of n bytes still fit.
func (b *Builder) room(n int) int {
	if b.Limit > 0 && b.size+n > b.Limit {
		b.full = fmt.Sprintf("the reply is larger than max_reply_bytes (%d)", b.Limit)
		n = max(0, b.Limit-b.size)
	}
	b.size += n
	return n
}

// piece returns the piece of a modality and key, which begins at its first use; nil
// where there are too many.
func (b *Builder) piece(modality core.Modality, key string, spoken bool) *piece {
	for i := len(b.pieces) - 1; i >= 0; i-- {
		if p := b.pieces[i]; p.modality == modality && p.key == key && p.spoken == spoken {
			return p
		}
	}
	if len(b.pieces) == maxPieces {
		b.full = fmt.Sprintf("the reply has more than %d parts", maxPieces)
		return nil
	}
	p := &piece{modality: modality, key: key, spoken: spoken}
	b.pieces = append(b.pieces, p)
	return p
}

// Text adds to what the model says, under the service's key for the part.
func (b *Builder) Text(key, text string) { b.text(core.Text, key, false, text) }

// Reasoning adds to what the model thinks.
func (b *Builder) Reasoning(key, text string) { b.text(core.Reasoning, key, false, text) }

// Transcript adds to what the service says that the sound of the same key says.
func (b *Builder) Transcript(key, text string) { b.text(core.Text, key, true, text) }

func (b *Builder) text(modality core.Modality, key string, spoken bool, text string) {
	if text == "" {
		return
	}
	p := b.piece(modality, key, spoken)
	if p == nil {
		return
	}
	n := b.room(len(text))
	if n < len(text) {
		for n > 0 && !utf8.RuneStart(text[n]) {
			n--
		}
	}
	p.data = lenient.Join(p.data, []byte(text[:n]))
}

// Sound adds to a sound of a media type, which may be [PCM].
func (b *Builder) Sound(key, mediaType string, data []byte) {
	if len(data) == 0 {
		return
	}
	if p := b.piece(core.Audio, key, false); p != nil {
		p.mediaType = mediaType
		p.data = append(p.data, data[:b.room(len(data))]...)
	}
}

// Image adds an image of a media type, which is left out where it does not fit.
func (b *Builder) Image(key, mediaType string, data []byte) {
	if len(data) == 0 || b.room(len(data)) < len(data) {
		return
	}
	if p := b.piece(core.Image, key, false); p != nil {
		p.mediaType, p.data = mediaType, data
	}
}

// Call returns the call of a key, which begins at its first use; nil where there
// are too many parts.
func (b *Builder) Call(key string) *Call {
	p := b.piece(core.ToolCall, key, false)
	if p == nil {
		return nil
	}
	if p.call == nil {
		p.call = &Call{builder: b}
	}
	return p.call
}

// Argue adds to the arguments of a call. It does nothing for nil.
func (c *Call) Argue(text string) {
	if c != nil {
		c.Arguments = append(c.Arguments, text[:c.builder.room(len(text))]...)
	}
}

// Calls returns the calls, in their order.
func (b *Builder) Calls() []*Call {
	var calls []*Call
	for _, p := range b.pieces {
		if p.call != nil {
			calls = append(calls, p.call)
		}
	}
	return calls
}

// Said returns the text that the model says, transcripts among it.
func (b *Builder) Said() string {
	var said []byte
	for _, p := range b.pieces {
		if p.modality == core.Text {
			said = append(said, p.text()...)
		}
	}
	return string(said)
}

// Collected returns what there is of a modality under a key; "" for nothing.
func (b *Builder) Collected(modality core.Modality, key string) string {
	for _, p := range b.pieces {
		if p.modality == modality && p.key == key {
			return p.text()
		}
	}
	return ""
}

// text is a text as it has come; half a character is U+FFFD.
func (p *piece) text() string { return strings.ToValidUTF8(string(p.data), "\uFFFD") }

// Result adds what a call that the service carries out itself came to, under the call's
// key.
func (b *Builder) Result(key, id, output string) {
	p := b.piece(core.ToolResult, key, false)
	if p == nil || p.result.ID != "" {
		return
	}
	p.result = tool.Result{ID: id, Output: output[:b.room(len(output))]}
}

// Split divides the text of a part into what the model thinks and what it says.
func (b *Builder) Split(key string, split func(text string) (reasoning, said string)) {
	for i, p := range b.pieces {
		if p.modality != core.Text || p.key != key || p.spoken {
			continue
		}
		reasoning, said := split(p.text())
		p.data = []byte(said)
		if strings.TrimSpace(reasoning) == "" {
			return
		}
		thought := &piece{modality: core.Reasoning, key: key, data: []byte(reasoning)}
		b.pieces = append(b.pieces[:i:i], append([]*piece{thought}, b.pieces[i:]...)...)
		return
	}
}

// Message returns the message of the assistant, without empty parts.
func (b *Builder) Message() (core.Message, error) {
	m := core.Message{Role: core.Assistant}
	for _, p := range b.pieces {
		value, err := p.value()
		if err != nil {
			return m, err
		}
		if len(value.Data) > 0 {
			m.Parts = append(m.Parts, core.Part{Value: value, Transcript: p.spoken})
		}
	}
	return m, nil
}

func (p *piece) value() (core.Value, error) {
	switch {
	case p.call != nil:
		return tool.Value(p.call.ID, p.call.Name, string(p.call.Arguments))
	case p.modality == core.ToolResult:
		return tool.ResultValue(p.result)
	case p.modality == core.Audio && p.mediaType == PCM:
		pcm := p.data[:len(p.data)&^1] // half a sample can only be the end of sound that was cut off
		if len(pcm) == 0 {
			return core.Value{}, nil
		}
		wav, err := audio.EncodePCM(pcm, pcmRate)
		return core.WAVValue(wav), err
	case p.modality == core.Audio, p.modality == core.Image:
		return core.Value{Modality: p.modality, MediaType: p.mediaType, Data: p.data}, nil
	}
	return core.Value{Modality: p.modality, MediaType: core.MediaText, Data: []byte(p.text())}, nil
}

// Broken is the reply of an answer that failed with an error: nothing, where nothing had
// come. build makes the reply of what had.
func (b *Builder) Broken(why error, build func() (core.Reply, error)) (core.Reply, error) {
	if b.Empty() {
		return core.Reply{}, why
	}
	r, err := build()
	if err != nil || len(r.Message.Parts) == 0 {
		return core.Reply{}, why
	}
	r.Finish, r.Detail = core.FinishBroken, why.Error()
	return r, why
}
