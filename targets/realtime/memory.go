package realtime

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// maxKept bounds one sound or image that is kept to be given back, in
	// bytes: of a longer sound what it says is kept.
	maxKept = 256 << 10
	// maxMemory bounds all of them.
	maxMemory = 1 << 20
	// maxWords bounds what was said in words.
	maxWords = 4 << 20
)

// memory is a conversation as it can be given back to a service that has lost
// it: the history that it began with, and every turn that was answered.
type memory struct {
	messages []core.Message
	turns    int // that were answered
	kept     int // bytes of sounds and images
	words    int // bytes of everything else
	// gap says what cannot be given back; "" while everything can.
	gap string
}

// add remembers a turn and its reply.
func (m *memory) add(turn int, said core.Message, reply core.Reply) {
	m.turns++
	m.addSaid(turn, said, reply.Heard)
	m.addReply(turn, reply)
}

// append remembers a message, unless there is too much already.
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

// sound is what is remembered of a sound: itself while it is short, and
// otherwise what it says.
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

// reserve reports whether a sound or an image may be kept, and counts its bytes.
func (m *memory) reserve(data []byte) bool {
	if len(data) > maxKept || m.kept+len(data) > maxMemory {
		return false
	}
	m.kept += len(data)
	return true
}

// addReply remembers what the target said, in words: its sounds cannot be
// given back. Of a reply that was spoken over the service knows what had
// played, of which there is no text; the same share of the words stands for it.
func (m *memory) addReply(turn int, reply core.Reply) {
	remembered := core.Message{Role: core.Assistant}
	var played, all int // bytes of the sound that the next text is of
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

// share returns the beginning of a text in whole words, for as much of its
// sound as had played.
func share(text string, played, all int) string {
	words := strings.Fields(text)
	if all == 0 {
		return ""
	}
	return strings.Join(words[:(2*played*len(words)+all)/(2*all)], " ")
}

// addGap notes that something cannot be given back; only the first reason counts.
func (m *memory) addGap(why string) {
	if m.gap == "" {
		m.gap = why
	}
}
