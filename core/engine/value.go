package engine

import (
	"bytes"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// isText reports whether a value's data are text.
func isText(v core.Value) bool {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return true
	}
	return false
}

// isBlank reports whether a value is empty. Text that consists of white space
// is.
func isBlank(v core.Value) bool {
	if v.Modality == core.Text {
		return len(bytes.TrimSpace(v.Data)) == 0
	}
	return len(v.Data) == 0
}

// isBlankMessage reports whether every part of a message is blank.
func isBlankMessage(m core.Message) bool {
	return !slices.ContainsFunc(m.Parts, func(p core.Part) bool { return !isBlank(p.Value) })
}
