package engine

import (
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// isBlank reports whether a value is empty. Text that shows nothing is, and so is a
// sound of which nothing can be heard.
func isBlank(v core.Value) bool {
	switch v.Modality {
	case core.Text, core.Reasoning:
		return !text.Visible(v.Text())
	case core.Audio:
		longest, err := audio.LongestSound(v, time.Millisecond)
		return len(v.Data) == 0 || err == nil && longest == 0
	}
	return len(v.Data) == 0
}

// isBlankMessage reports whether a message says nothing: every part of it is
// blank, or reasoning.
func isBlankMessage(m core.Message) bool {
	return !hasContent(m.WithoutReasoning())
}

// hasContent reports whether a part of a message is not blank.
func hasContent(m core.Message) bool {
	return slices.ContainsFunc(m.Parts, func(p core.Part) bool { return !isBlank(p.Value) })
}
