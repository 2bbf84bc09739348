package chat

import "github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"

// splitThoughts takes what a model thinks out of its text, where the server has left
// it there.
func (a *answer) splitThoughts() {
	mode := a.target.config.ThinkTags
	if mode == "keep" {
		return
	}
	a.reply.Split("", func(text string) (reasoning, said string) { return reply.SplitThought(text, mode == "split_unopened") })
}
