package responses

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// said is an item of a reply as the next request repeats it.
type said struct {
	item
	place  int
	fields map[string]json.RawMessage
}

// sentBack returns the items that the next request repeats. Reasoning that is not
// encrypted cannot be repeated, and items lose their identifiers with it; reasoning
// that nothing follows is not taken back by the service. What came in pieces only is
// put together.
func (a *answer) sentBack() ([]json.RawMessage, error) {
	all, plain := a.said()
	if plain && a.target.endpoint.Official && len(a.waiting()) > 0 {
		a.warn("the service gives its reasoning in no form that can be sent back with the calls")
	}
	var items []json.RawMessage
	add := func(encoded json.RawMessage, err error) error {
		items = append(items, encoded)
		return err
	}
	if text := a.reply.Said(); text != "" && !slices.ContainsFunc(all, func(s said) bool { return s.isMessage() }) {
		if err := add(textItem("assistant", text)); err != nil {
			return nil, err
		}
	}
	for _, s := range all {
		if err := add(s.repeated(a, plain)); err != nil {
			return nil, err
		}
	}
	for _, c := range a.calls {
		if _, whole := a.output[c.place]; !whole && (c.kind == "" || c.kind == "function_call") {
			if err := add(functionCall(string(c.Arguments), c.ID, c.Name)); err != nil {
				return nil, err
			}
		}
	}
	return items, nil
}

// said returns the items that are repeated, and whether there was reasoning that
// cannot be.
func (a *answer) said() (all []said, plain bool) {
	for _, place := range slices.Sorted(maps.Keys(a.output)) {
		it, err := decode[item](a.output[place])
		s := said{item: it, place: place}
		if err != nil || json.Unmarshal(a.output[place], &s.fields) != nil {
			continue // it was taken before, as an object
		}
		switch {
		case it.Type == "reasoning" && it.Encrypted == "":
			plain = true
		case s.isMessage() && len(it.Content) == 0:
		default:
			all = append(all, s)
		}
	}
	for len(all) > 0 && all[len(all)-1].Type == "reasoning" {
		all = all[:len(all)-1]
	}
	return all, plain
}

func (s said) isMessage() bool { return s.Type == "message" || s.Type == "" }

// repeated encodes an item as the next request repeats it. Without identifiers, which
// plain says, it is no longer tied to reasoning.
func (s said) repeated(a *answer, plain bool) (json.RawMessage, error) {
	maps.DeleteFunc(s.fields, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	switch {
	case s.isMessage() && (plain || s.Type == "" || s.ID == ""):
		var texts []string
		for _, p := range s.Content {
			texts = append(texts, string(p.Text+p.Refusal))
		}
		return textItem("assistant", strings.Join(texts, "\n"))
	case s.Type == "reasoning":
		delete(s.fields, "status")
	case s.Type == "function_call" || s.Type == "custom_tool_call":
		if err := s.callAgain(a, plain); err != nil {
			return nil, err
		}
	}
	encoded, err := json.Marshal(s.fields)
	if err != nil {
		return nil, core.Errorf(core.ErrorInternal, "encoding an item: %w", err)
	}
	return encoded, nil
}

// callAgain has a call as the protocol takes it: with an identifier, which it may have
// got here, and with arguments that are a text.
func (s said) callAgain(a *answer, plain bool) error {
	if plain {
		delete(s.fields, "id")
	}
	texts := map[string]string{"call_id": s.CallID}
	for _, c := range a.calls {
		if c.place == s.place {
			texts["call_id"] = c.ID
		}
	}
	if s.Type == "function_call" {
		texts["arguments"] = string(s.Arguments)
	}
	for name, text := range texts {
		encoded, err := json.Marshal(text)
		if err != nil {
			return core.Errorf(core.ErrorInternal, "encoding a call: %w", err)
		}
		s.fields[name] = encoded
	}
	return nil
}
