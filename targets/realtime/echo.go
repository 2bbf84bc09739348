package realtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// echo holds the session settings of session.updated, by path, such as
// "audio.output.voice".
type echo map[string]any

// maxEcho is the largest number of settings that are compared.
const maxEcho = 1000

// readEcho flattens a session object: objects become paths, lists and scalars
// their values.
func readEcho(session json.RawMessage) (echo, error) {
	e := echo{}
	if len(session) == 0 {
		return e, nil
	}
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(session))
	if err := decoder.Decode(&object); err != nil {
		return nil, err
	}
	e.add("", object)
	return e, nil
}

func (e echo) add(prefix string, object map[string]any) {
	for key, value := range object {
		if len(e) >= maxEcho {
			return
		}
		inner, ok := value.(map[string]any)
		if !ok {
			e[prefix+key] = value
			continue
		}
		e[prefix+key] = inner
		e.add(prefix+key+".", inner)
	}
}

// differences compares the requested settings with those of session.updated. A
// setting that session.updated leaves out is not compared.
func (e echo) differences(asked any) ([]string, error) {
	encoded, err := json.Marshal(asked)
	if err != nil {
		return nil, fmt.Errorf("encoding the settings: %w", err)
	}
	wanted, err := readEcho(encoded)
	if err != nil {
		return nil, fmt.Errorf("reading the settings: %w", err)
	}
	var warnings []string
	for _, path := range wanted.leaves() {
		got, said := e.at(path)
		want := wanted[path]
		if !said || path == "type" || same(path, want, got) {
			continue
		}
		warnings = append(warnings, difference(path, want, got))
	}
	return warnings, nil
}

// same compares the values of a setting. Services add fields to tools, so that
// only their names are compared.
func same(path string, want, got any) bool {
	want, got = compared(path, want), compared(path, got)
	return reflect.DeepEqual(want, got)
}

// compared returns what is compared of a setting, and shown: of tools their names,
// and of MCP servers their labels. Tools may hold secrets.
func compared(path string, value any) any {
	if path == "tools" {
		return toolNames(value)
	}
	return value
}

func toolNames(value any) []string {
	list, _ := value.([]any)
	names := []string{}
	for _, element := range list {
		tool, _ := element.(map[string]any)
		name, _ := tool["name"].(string)
		if label, ok := tool["server_label"].(string); ok && name == "" {
			name = label
		}
		names = append(names, name)
	}
	return names
}

// leaves are the paths that are compared: the innermost ones, except within
// objects that are compared as a whole.
func (e echo) leaves() []string {
	var paths []string
	for path, value := range e {
		_, object := value.(map[string]any)
		if object && !whole(path) || within(path) {
			continue
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

// whole reports whether the object at a path is compared as a whole.
func whole(path string) bool {
	return slices.Contains([]string{"audio.output.voice", "tool_choice", "truncation"}, path)
}

func within(path string) bool {
	for i := range path {
		if path[i] == '.' && whole(path[:i]) {
			return true
		}
	}
	return false
}

// at returns a setting. It is null within null and within anything that is not
// an object.
func (e echo) at(path string) (value any, said bool) {
	if value, ok := e[path]; ok {
		return value, true
	}
	for i := strings.LastIndexByte(path, '.'); i > 0; i = strings.LastIndexByte(path[:i], '.') {
		if outer, ok := e[path[:i]]; ok {
			_, object := outer.(map[string]any)
			return nil, !object
		}
	}
	return nil, false
}

// shownSetting bounds how much of a setting is shown, in characters.
const shownSetting = 100

// difference describes the difference in one setting.
func difference(path string, want, got any) string {
	switch path {
	case "instructions":
		return "the service changed the system prompt"
	case "audio.input.turn_detection":
		if want == nil {
			return "the service keeps its turn detection on"
		}
	case "audio.input.transcription.model":
		if got == nil {
			return "the service does not transcribe what it hears"
		}
	case "truncation":
		if want == "disabled" {
			return "the service may forget the oldest turns of a long conversation"
		}
	}
	return fmt.Sprintf("the service has set %s to %s, not to %s as asked", path, shownValue(compared(path, got)), shownValue(compared(path, want)))
}

func shownValue(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return phrase.Shorten(string(encoded), shownSetting)
}

// format returns the audio format of a direction, if session.updated has it.
func (e echo) format(direction string) *format {
	kind, ok := e["audio."+direction+".format.type"].(string)
	if !ok {
		return nil
	}
	rate, _ := e["audio."+direction+".format.rate"].(float64)
	return &format{Type: kind, Rate: int(rate)}
}

// transcribes reports whether input transcription is on, or missing in
// session.updated.
func (e echo) transcribes() bool {
	value, said := e["audio.input.transcription"]
	return !said || value != nil
}
