package engine

import (
	"bytes"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// isText reports whether a value's data are words.
func isText(v core.Value) bool {
	switch v.Modality {
	case core.Text, core.ToolCall, core.ToolResult:
		return true
	}
	return false
}

// isBlank reports whether a value holds nothing that could be judged. White space
// is nothing where it is text.
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
