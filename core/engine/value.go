package engine

import (
	"bytes"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// isBlank reports whether a value is empty. Text that consists of white space
// is.
func isBlank(v core.Value) bool {
	if v.Modality == core.Text || v.Modality == core.Reasoning {
		return len(bytes.TrimSpace(v.Data)) == 0
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
