package engine

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

// isBlank reports whether a value is empty. Text that shows nothing is.
func isBlank(v core.Value) bool {
	if v.Modality == core.Text || v.Modality == core.Reasoning {
		return !text.Visible(v.Text())
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
