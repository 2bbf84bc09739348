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
		m.lose(fmt.Sprintf("more than %d MiB were said", maxWords>>20))
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
				m.lose(fmt.Sprintf("turn %d has audio that is too long to be kept, and nobody said what it says", turn))
				continue
			}
			p = core.Part{Value: value}
		case core.Image:
			if !m.keep(p.Data) {
				m.lose(fmt.Sprintf("turn %d has an image that is too large to be kept", turn))
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
	case m.keep(p.Data):
		return p.Value, true
	case p.Original != nil && p.Original.Modality == core.Text && utf8.Valid(p.Original.Data):
		return *p.Original, true
	case only && heard != "":
		return core.TextValue(heard), true
	}
	return core.Value{}, false
}

func (m *memory) keep(data []byte) bool {
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
	heard, worded := false, false
	for _, p := range reply.Message.Parts {
		if p.Modality == core.Audio {
			heard = heard || !p.Undelivered
			continue
		}
		worded = true
		if p.Undelivered {
			p.Value = core.TextValue(share(p.Text(), playedShare(reply)))
		}
		if len(p.Data) > 0 {
			remembered.Parts = append(remembered.Parts, core.Part{Value: p.Value})
		}
	}
	if len(remembered.Parts) > 0 {
		m.append(remembered)
	}
	if heard && !worded {
		m.lose(fmt.Sprintf("the reply to turn %d has no transcript", turn))
	}
}

// playedShare is how much of a reply's audio had played.
func playedShare(reply core.Reply) float64 {
	var played, all int
	for _, p := range reply.Message.Parts {
		if p.Modality != core.Audio {
			continue
		}
		all += len(p.Data)
		if !p.Undelivered {
			played += len(p.Data)
		}
	}
	if all == 0 {
		return 0
	}
	return float64(played) / float64(all)
}

// share returns the beginning of a text, in whole words.
func share(text string, of float64) string {
	words := strings.Fields(text)
	return strings.Join(words[:int(of*float64(len(words))+0.5)], " ")
}

func (m *memory) lose(why string) {
	if m.gap == "" {
		m.gap = why
	}
}
