package httptarget

import (
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// state is what requests and jq programs of a conversation are filled in from.
type state struct {
	plan *plan
	// id is the conversation's: no other conversation has it.
	id           string
	seed         uint64
	systemPrompt string
	history      []core.Message
	// message is the turn's, turn its number from 1; 0 before the first.
	message core.Message
	turn    int
	// taken are the values that were taken from answers.
	taken map[string]any
}

// value implements [source].
func (s *state) value(name string) (value, error) {
	switch root, rest, _ := strings.Cut(name, "."); root {
	case "secrets":
		return textValue(s.plan.secrets[rest]), nil
	case "taken":
		v, ok := s.taken[rest]
		if !ok {
			return value{}, core.Errorf(core.ErrorProtocol, "no answer has held %q yet", rest).
				WithHint("if the first request goes without it, give take.%s an initial value", rest)
		}
		return jsonValue(v), nil
	case "audio", "image":
		content, mediaType, ok, err := s.file(root)
		if err == nil && !ok {
			err = core.Errorf(core.ErrorInput, "the turn has no %s", root)
		}
		if rest == "type" {
			return textValue(mediaType), err
		}
		return value{data: content, file: true}, err
	}
	return s.simple(name)
}

// simple returns the value of a placeholder without a further name.
func (s *state) simple(name string) (value, error) {
	switch name {
	case "prompt":
		return textValue(textOf(s.message)), nil
	case "system_prompt":
		return textValue(s.systemPrompt), nil
	case "messages":
		return jsonValue(s.messages()), nil
	case "history":
		return jsonValue(messagesOf(s.history)), nil
	case "tool_results":
		return jsonValue(resultsOf(s.message)), nil
	case "conversation":
		return textValue(s.id), nil
	case "turn":
		return jsonValue(s.turn), nil
	case "seed":
		const positive = 1<<31 - 1 // what every service takes for a number
		return jsonValue(int(s.seed & positive)), nil
	}
	return value{}, core.Errorf(core.ErrorInternal, "there is no such placeholder")
}

// variables returns the values of [jqVariables], with those of an answer if there
// is one.
func (s *state) variables(a *answer) []any {
	all := make([]any, 0, len(jqVariables()))
	for _, name := range jqVariables() {
		var v any
		switch name {
		case "taken":
			v = s.taken
		case "status":
			if a != nil {
				v = a.status
			}
		case "headers":
			if a != nil {
				v = a.headers()
			}
		case "event":
			if a != nil {
				v = a.event
			}
		case "messages", "history", "tool_results":
			if s.plan.jqUses[name] { // they grow with the conversation
				v = s.jq(name)
			}
		default:
			v = s.jq(name)
		}
		all = append(all, v)
	}
	return all
}

// jq returns the value of a placeholder for a jq program.
func (s *state) jq(name string) any {
	v, _ := s.simple(name) // these are always there
	if v.isJSON {
		return v.json
	}
	return v.data
}

// file returns the file of the turn of a kind, if there is one.
func (s *state) file(kind string) (content, mediaType string, ok bool, err error) {
	modality := core.Modality(kind)
	all := s.message.Of(modality)
	switch {
	case modality == core.Text && len(all) > 0:
		return textOf(s.message), core.MediaText, true, nil
	case len(all) == 0:
		return "", "", false, nil
	case len(all) > 1:
		return "", "", false, core.Errorf(core.ErrorInput, "the turn has %d parts of %s, and a request carries one", len(all), kind)
	}
	return string(all[0].Data), all[0].MediaType, true, nil
}

// textOf returns a message's texts, byte for byte.
func textOf(m core.Message) string {
	var texts []string
	for _, v := range m.Of(core.Text) {
		texts = append(texts, v.Text())
	}
	return strings.Join(texts, "\n")
}

// messages returns the system prompt, the history and the turn's message.
func (s *state) messages() []any {
	var all []any
	if s.systemPrompt != "" {
		all = append(all, map[string]any{"role": string(core.System), "content": s.systemPrompt})
	}
	all = append(all, messagesOf(s.history)...)
	if s.turn > 0 {
		all = append(all, messagesOf([]core.Message{s.message})...)
	}
	return all
}

// messagesOf returns messages as chat services have them: objects with role and
// content, those of tools with tool_call_id, and tool_calls beside what an
// assistant says.
func messagesOf(messages []core.Message) []any {
	all := make([]any, 0, len(messages)) // a JSON list, also where it is empty
	for _, m := range messages {
		if results := resultsOf(m); len(results) > 0 {
			for _, r := range results {
				result, _ := r.(map[string]any)
				all = append(all, map[string]any{"role": string(core.Tool), "tool_call_id": result["call_id"], "content": result["output"]})
			}
			continue
		}
		message := map[string]any{"role": string(m.Role), "content": spoken(m)}
		if calls := callsOf(m); len(calls) > 0 {
			message["tool_calls"] = calls
		}
		all = append(all, message)
	}
	return all
}

// spoken returns a message's text; that of a sound is what it was made from.
func spoken(m core.Message) string {
	if text := textOf(m); text != "" {
		return text
	}
	for _, p := range m.Parts {
		if p.Original != nil && p.Original.Modality == core.Text {
			return p.Original.Text()
		}
	}
	return ""
}

// callsOf returns the tool calls of a message.
func callsOf(m core.Message) []any {
	var all []any
	for _, v := range m.Of(core.ToolCall) {
		var call struct {
			ID        string          `json:"call_id"`
			Name      string          `json:"name"`
			Arguments json.RawMessage `json:"arguments"`
		}
		if json.Unmarshal(v.Data, &call) != nil {
			continue // the target's own parts decode
		}
		arguments := string(call.Arguments)
		var text string
		if json.Unmarshal(call.Arguments, &text) == nil {
			arguments = text
		}
		all = append(all, map[string]any{
			"id": call.ID, "type": "function", "function": map[string]any{"name": call.Name, "arguments": arguments},
		})
	}
	return all
}

// resultsOf returns the tool results of a message: objects with call_id and output.
func resultsOf(m core.Message) []any {
	all := []any{}
	for _, v := range m.Of(core.ToolResult) {
		if result, err := decodeJSON(v.Data); err == nil {
			all = append(all, result)
		}
	}
	return all
}
