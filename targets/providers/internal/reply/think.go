package reply

import "strings"

// The tags between which many models write what they think.
const (
	thinkBegins = "<think>"
	thinkEnds   = "</think>"
)

// SplitThought splits a text that begins with <think>. With unopened, a text in which
// only </think> stands is split, too: some templates write the beginning into the
// prompt.
func SplitThought(text string, unopened bool) (reasoning, said string) {
	inside, opened := strings.CutPrefix(strings.TrimLeft(text, " \t\r\n"), thinkBegins)
	if !opened && !unopened {
		return "", text
	}
	thought, rest, closed := strings.Cut(inside, thinkEnds)
	if !opened && !closed {
		return "", text
	}
	return thought, strings.TrimLeft(rest, " \t\r\n")
}
