package realtime

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxKept is the largest sound or image, in bytes, that is kept for a new
	// session. Of a longer sound, the transcript is kept.
	maxKept = 256 << 10
	// maxMemory is the largest total size of kept sounds and images, in bytes.
	maxMemory = 1 << 20
	// maxWords is the largest total size of kept text, in bytes.
	maxWords = 4 << 20
)

// memory is a conversation in the form in which it is sent to a new session:
// the history that it began with, and every turn that was answered.
type memory struct {
	messages []core.Message
	turns    int // number of answered turns
	kept     int // bytes of sounds and images
	words    int // bytes of everything else
	// gap says what cannot be sent to a new session; "" while everything can.
	gap string
}

// add keeps a turn and its reply.
func (m *memory) add(turn int, said core.Message, reply core.Reply) {
	m.turns++
	m.addSaid(turn, said, reply.Heard)
	m.addReply(turn, reply)
}

// append keeps a message, unless the limits are reached.
func (m *memory) append(message core.Message) {
	for _, p := range message.Parts {
		if p.Modality != core.Audio && p.Modality != core.Image {
			m.words += len(p.Data)
		}
	}
	if m.words > maxWords {
		m.addGap(fmt.Sprintf("more than %d MiB were said", maxWords>>20))
		return
	}
	m.messages = append(m.messages, message)
}

func (m *memory) addSaid(turn int, said core.Message, heard string) {
	remembered := core.Message{Role: said.Role}
	for _, p := range said.Parts {
		switch p.Modality {
		case core.Audio:
			value, ok := m.sound(p, len(said.Of(core.Audio)) == 1, heard)
			if !ok {
				m.addGap(fmt.Sprintf("turn %d has audio that is too long to be kept, and no text of it is known", turn))
				continue
			}
			p = core.Part{Value: value}
		case core.Image:
			if !m.reserve(p.Data) {
				m.addGap(fmt.Sprintf("turn %d has an image that is too large to be kept", turn))
				continue
			}
		}
		remembered.Parts = append(remembered.Parts, core.Part{Value: p.Value})
	}
	if len(remembered.Parts) > 0 {
		m.append(remembered)
	}
}

// sound returns what is kept of a sound: the audio while it is short, and
// otherwise its transcript.
func (m *memory) sound(p core.Part, only bool, heard string) (core.Value, bool) {
	switch {
	case m.reserve(p.Data):
		return p.Value, true
	case p.Original != nil && p.Original.Modality == core.Text && utf8.Valid(p.Original.Data):
		return *p.Original, true
	case only && heard != "":
		return core.TextValue(heard), true
	}
	return core.Value{}, false
}

// reserve reports whether a sound or an image fits the limits, and counts its
// bytes.
func (m *memory) reserve(data []byte) bool {
	if len(data) > maxKept || m.kept+len(data) > maxMemory {
		return false
	}
	m.kept += len(data)
	return true
}

// addReply keeps the text of the target's reply: services take no audio of the
// assistant. An interrupted reply has no transcript of the part that played;
// the same share of the text's words is kept.
func (m *memory) addReply(turn int, reply core.Reply) {
	remembered := core.Message{Role: core.Assistant}
	var played, all int // bytes of the sound that belongs to the next text
	for _, p := range reply.Message.Parts {
		switch {
		case p.Modality == core.Audio:
			all += len(p.Data)
			if !p.Undelivered {
				played += len(p.Data)
			}
			continue
		case p.Modality == core.Text && p.Undelivered:
			p.Value = core.TextValue(share(p.Text(), played, all))
		}
		if p.Modality == core.Text {
			played, all = 0, 0
		}
		if len(p.Data) > 0 {
			remembered.Parts = append(remembered.Parts, core.Part{Value: p.Value})
		}
	}
	if len(remembered.Parts) > 0 {
		m.append(remembered)
	}
	if played > 0 {
		m.addGap(fmt.Sprintf("the reply to turn %d has no transcript", turn))
	}
}

// share returns the beginning of a text, in whole words, in proportion to the
// part of its sound that had played.
func share(text string, played, all int) string {
	words := strings.Fields(text)
	if all == 0 {
		return ""
	}
	return strings.Join(words[:(2*played*len(words)+all)/(2*all)], " ")
}

// addGap records that something cannot be sent to a new session; only the first
// reason is kept.
func (m *memory) addGap(why string) {
	if m.gap == "" {
		m.gap = why
	}
}
