package campaign

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// HistoryMessage is a message of the conversation before an attack's first turn.
type HistoryMessage struct {
	// Role is the speaker: the user or the assistant.
	Role core.Role
	Text Text
	At   yamlfile.Position
}

func readHistory(v value) []HistoryMessage {
	var all []HistoryMessage
	v.List(func(entry value) {
		message := HistoryMessage{At: entry.At()}
		by := func(role core.Role) func(value) {
			return func(v value) { message.Role, message.Text = role, readTemplate(v) }
		}
		var is yamlfile.OneOf
		problems := v.File().Count()
		entry.Object(is.Key("user", by(core.User)), is.Key("assistant", by(core.Assistant)))
		is.Check(entry, problems, "an entry of history:", "make it an entry of its own")
		all = append(all, message)
	})
	if v.IsList() && v.Len() == 0 {
		v.Problem("", "history must not be empty")
	}
	return all
}

// ToolResult is the campaign's answer to calls of a tool.
type ToolResult struct {
	Tool string
	// Result may be empty, for a tool that finds nothing.
	Result Text
	At     yamlfile.Position
}

const maxToolName = 128

var toolName = regexp.MustCompile(`^[A-Za-z0-9_.:/-]+$`)

func checkTool(name string) error {
	if len(name) > maxToolName || !toolName.MatchString(name) {
		return fmt.Errorf("%s is not the name of a tool: use letters, digits and . _ : / -, at most %d of them", yamlfile.Quote(name), maxToolName)
	}
	return nil
}

func readToolResults(v value, in *folder) []ToolResult {
	var all []ToolResult
	v.Definitions("the result of tool", checkTool, func(tool string, at yamlfile.Position, v value) {
		all = append(all, ToolResult{Tool: tool, Result: readToolResult(v, in), At: at})
	})
	if v.IsMapping() && v.Len() == 0 {
		v.Problem("", "tool_results must not be empty")
	}
	return all
}

func readToolResult(v value, in *folder) Text {
	if v.IsText() && strings.TrimSpace(v.Written()) == "" {
		return Text{Written: v.Written(), place: yamlfile.PlaceAt(v.At())}
	}
	return in.templateOrFile(v)
}
