package cassette

import (
	"crypto/sha256"
	"fmt"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// difference describes how a call differs from the recorded one; "" where it
// does not.
func difference(recorded, now record.Call) string {
	if was, is := describe(recorded), describe(now); was != is {
		return fmt.Sprintf("recorded is %s; now it is %s", was, is)
	}
	differ := func(what string, was, is any) string {
		return fmt.Sprintf("%s: %s is not the recorded one: recorded %v, now %v", describe(now), what, was, is)
	}
	switch {
	case recorded.Turn != now.Turn:
		return differ("the turn", recorded.Turn+1, now.Turn+1)
	case recorded.Kind != record.CallStart && recorded.Conversation != now.Conversation: // a start has no conversation yet
		return differ("the conversation", recorded.Conversation, now.Conversation)
	case recorded.Start.SystemPrompt != now.Start.SystemPrompt:
		return differ("the system prompt", excerpt(recorded.Start.SystemPrompt), excerpt(now.Start.SystemPrompt))
	case recorded.Objective != now.Objective:
		return differ("the objective", excerpt(recorded.Objective), excerpt(now.Objective))
	}
	for _, lists := range []struct {
		what    string
		was, is []string
	}{
		{"the history", inWords(recorded.Start.History), inWords(now.Start.History)},
		{"what is sent", inWords(recorded.Messages), inWords(now.Messages)},
		{"the value", valuesInWords(recorded.Values), valuesInWords(now.Values)},
	} {
		for i := range max(len(lists.was), len(lists.is)) {
			if was, is := at(lists.was, i), at(lists.is, i); was != is {
				return differ(lists.what, was, is)
			}
		}
	}
	if recorded.Said != now.Said {
		return differ("what was said before", "SHA-256 "+recorded.Said, now.Said)
	}
	return ""
}

// describe names a call in a message: scorer "leaked" sends to "judge".
func describe(c record.Call) string {
	who := ""
	if c.By != "" {
		who = fmt.Sprintf("for %s %q, ", c.ByKind, c.By)
	}
	switch c.Kind {
	case record.CallStart:
		return fmt.Sprintf("%sa conversation that is begun with target %q", who, c.Name)
	case record.CallSend:
		return fmt.Sprintf("%sa message to target %q", who, c.Name)
	case record.CallEnd:
		return fmt.Sprintf("the end of the conversation with target %q", c.Name)
	case record.CallConvert:
		return fmt.Sprintf("the work of converter %q", c.Name)
	default:
		return fmt.Sprintf("the work of scorer %q", c.Name)
	}
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "nothing"
}

// inWords returns one line for each property in which messages can differ.
func inWords(messages []core.Message) []string {
	var lines []string
	for _, m := range messages {
		lines = append(lines, "a message of the "+string(m.Role))
		d := m.Delivery
		if d.SystemPrompt != nil {
			lines = append(lines, "with the system prompt "+excerpt(*d.SystemPrompt))
		}
		lines = append(lines, fmt.Sprintf("delivered with stream %t, interrupt_after %s, out_of_band %t", d.Stream, d.InterruptAfter, d.OutOfBand))
		for _, p := range m.Parts {
			lines = append(lines, valueInWords(p.Value))
			if p.Original != nil {
				lines = append(lines, "made from "+valueInWords(*p.Original))
			}
			if len(p.Converters) > 0 {
				lines = append(lines, fmt.Sprintf("by the converters %q", p.Converters))
			}
		}
	}
	return lines
}

func valuesInWords(values []core.Value) []string {
	var lines []string
	for _, v := range values {
		lines = append(lines, valueInWords(v))
	}
	return lines
}

// valueInWords identifies a value.
func valueInWords(v core.Value) string {
	if v.Modality == core.Text {
		return fmt.Sprintf("%s (%s)", excerpt(string(v.Data)), v.MediaType)
	}
	return fmt.Sprintf("%s of %d bytes (%s, SHA-256 %x)", v.Modality, len(v.Data), v.MediaType, sha256.Sum256(v.Data))
}

// excerpt quotes a text. A long one is cut, and its SHA-256 appended.
func excerpt(s string) string {
	const longest = 200
	if len(s) <= longest {
		return fmt.Sprintf("%q", s)
	}
	cut := longest
	for cut > longest-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%q… (%d bytes, SHA-256 %x)", s[:cut], len(s), sha256.Sum256([]byte(s)))
}
