package chat

import "strings"

// The tags between which many models write what they think.
const (
	thinkBegins = "<think>"
	thinkEnds   = "</think>"
)

// splitThoughts takes what a model thinks out of its text, where the server has left
// it there.
func (a *answer) splitThoughts() {
	mode := a.target.config.ThinkTags
	if mode == "keep" {
		return
	}
	a.reply.Split("", func(text string) (reasoning, said string) { return splitThought(text, mode == "split_unopened") })
}

// splitThought splits a text that begins with <think>. With unopened, a text in which
// only </think> stands is split, too: some templates write the beginning into the
// prompt.
func splitThought(text string, unopened bool) (reasoning, said string) {
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
