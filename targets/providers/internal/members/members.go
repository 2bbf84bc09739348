// Package members has the members of a request, which is a JSON object: those that keys
// of a configuration name, and further ones that are sent as they are.
package members

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Of returns the members of what is encoded as an object, which has none where it is nil.
func Of(v any) (map[string]json.RawMessage, error) {
	data, err := json.Marshal(v)
	members := map[string]json.RawMessage{}
	if err == nil {
		err = json.Unmarshal(data, &members)
	}
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "the parameters cannot be encoded: %w", err).At("parameters")
	}
	if members == nil { // of a map that is nil
		members = map[string]json.RawMessage{}
	}
	return members, nil
}

// Append writes members to an object that has others already, in alphabetical order.
func Append(body *bytes.Buffer, members map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		key, _ := json.Marshal(name) // a text always encodes
		body.WriteByte(',')
		body.Write(key)
		body.WriteByte(':')
		body.Write(members[name])
	}
}

// Check returns what is wrong with further members, at a place of the configuration such
// as "parameters.". taken are those that the target sets itself, with what is right; own
// says which have a key of their own.
func Check(at string, further map[string]any, taken map[string]string, own func(name string) bool) []error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(further)) {
		if hint, ok := taken[name]; ok {
			problems = append(problems, core.Errorf(core.ErrorConfig, "the parameter cannot be set").At(at+name).WithHint("%s", hint))
		} else if own(name) {
			problems = append(problems, core.Errorf(core.ErrorConfig, "the parameter is given twice").At(at+name).WithHint("leave it out here: it has a key of its own"))
		}
	}
	return problems
}
