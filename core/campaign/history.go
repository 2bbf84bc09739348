package campaign

import (
	"fmt"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Said is one thing that has been said before an attack's first turn.
type Said struct {
	// Role is who said it: the user or the assistant.
	Role core.Role
	Text Text
	At   Position
}

func (r *reader) history(v value) []Said {
	var all []Said
	r.list(v, func(entry value) {
		said := Said{At: entry.place()}
		by := func(role core.Role) func(value) {
			return func(v value) { said.Role, said.Text = role, r.template(v) }
		}
		var is kinds
		problems := len(r.problems)
		r.object(entry, []field{is.field("user", by(core.User)), is.field("assistant", by(core.Assistant))})
		is.check(r, entry, problems, "an entry of history:", "make it an entry of its own")
		all = append(all, said)
	})
	if v.Kind == yaml.SequenceNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "history must not be empty")
	}
	return all
}

// ToolResult is what a campaign answers when the target calls a tool.
type ToolResult struct {
	Tool string
	// Result may be empty: a tool that finds nothing.
	Result Text
	At     Position
}

var toolName = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,128}$`)

func checkTool(name string) error {
	if !toolName.MatchString(name) {
		return fmt.Errorf("%s is not the name of a tool: use letters, digits and . _ : / -, at most 128 of them", shorten(name))
	}
	return nil
}

func (r *reader) toolResults(v value) []ToolResult {
	var all []ToolResult
	r.definitions(v, "the result of tool", checkTool, func(tool Name, v value) {
		all = append(all, ToolResult{Tool: tool.Name, Result: r.toolResult(v), At: tool.At})
	})
	if v.Kind == yaml.MappingNode && len(v.Content) == 0 {
		r.problem(v.place(), "", "tool_results must not be empty")
	}
	return all
}

func (r *reader) toolResult(v value) Text {
	if isText(v.Node) && strings.TrimSpace(v.Value) == "" {
		return Text{Written: v.Value, place: textPlace{start: v.place()}}
	}
	return r.templateOrFile(v)
}
