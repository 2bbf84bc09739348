package gemini

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
)

// piece is a value of an argument of a call that comes in pieces, or a piece of a text.
type piece struct {
	// Path is a JSON path such as $.to.names[0].
	Path   string          `json:"jsonPath"`
	Text   *string         `json:"stringValue"`
	Number json.RawMessage `json:"numberValue"`
	Bool   json.RawMessage `json:"boolValue"`
}

// value is what the piece gives; null where it gives nothing.
func (p piece) value() any {
	switch {
	case p.Text != nil:
		return *p.Text
	case !lenient.IsNull(p.Number):
		return p.Number
	case !lenient.IsNull(p.Bool):
		return p.Bool
	}
	return nil
}

// step matches one step of a path: .name, [0] or ['name'].
var step = regexp.MustCompile(`^(?:\.([^.\[\]'"]+)|\[([0-9]{1,4})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\])`)

// longestPath bounds a path, in bytes: each step is a step of a recursion.
const longestPath = 1024

// put returns a tree with the value at its place. A text at a place that has one is added
// to it. ok is false where the path leads to no place.
func (p piece) put(tree any) (result any, ok bool) {
	path, ok := strings.CutPrefix(p.Path, "$")
	if !ok || path == "" || len(path) > longestPath {
		return tree, false
	}
	return p.putAt(tree, path)
}

func (p piece) putAt(tree any, path string) (result any, ok bool) {
	if path == "" {
		if before, isText := tree.(string); isText && p.Text != nil {
			return before + *p.Text, true
		}
		return p.value(), true
	}
	match := step.FindStringSubmatch(path)
	if match == nil {
		return tree, false
	}
	rest := path[len(match[0]):]
	if match[2] != "" {
		return p.putIn(tree, match[2], rest)
	}
	name := match[1] + strings.NewReplacer(`\'`, "'", `\"`, `"`, `\\`, `\`).Replace(match[3]+match[4])
	object, isObject := tree.(map[string]any)
	if tree == nil {
		object, isObject = map[string]any{}, true
	}
	if !isObject {
		return tree, false
	}
	inner, ok := p.putAt(object[name], rest)
	if ok {
		object[name] = inner
	}
	return object, ok
}

// putIn puts the value into a list, at a place that it has or at its end.
func (p piece) putIn(tree any, index, rest string) (result any, ok bool) {
	list, isList := tree.([]any)
	at, err := strconv.Atoi(index)
	if err != nil || !isList && tree != nil || at > len(list) {
		return tree, false
	}
	if at == len(list) {
		list = append(list, nil)
	}
	inner, ok := p.putAt(list[at], rest)
	if ok {
		list[at] = inner
	}
	return list, ok
}
