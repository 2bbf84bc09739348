package httptarget

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
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

// value implements [template.Source].
func (s *state) value(name string) (template.Value, error) {
	switch root, rest, _ := strings.Cut(name, "."); root {
	case "secrets":
		return template.Text(s.plan.secrets[rest]), nil
	case "taken":
		v, ok := s.taken[rest]
		if !ok {
			return template.Value{}, core.Errorf(core.ErrorProtocol, "no answer has held %q yet", rest).
				WithHint("if the first request goes without it, give take.%s an initial value", rest)
		}
		return template.JSON(v), nil
	case "audio", "image":
		content, mediaType, ok, err := s.file(root)
		if err == nil && !ok {
			err = core.Errorf(core.ErrorInput, "the turn has no %s", root)
		}
		if rest == "type" {
			return template.Text(mediaType), err
		}
		return template.File(content), err
	}
	return s.simple(name)
}

// simple returns the value of a placeholder without a further name.
func (s *state) simple(name string) (template.Value, error) {
	switch name {
	case "prompt":
		return template.Text(template.TextOf(s.message)), nil
	case "system_prompt":
		return template.Text(s.systemPrompt), nil
	case "messages":
		return template.JSON(s.messages()), nil
	case "history":
		return template.JSON(template.MessagesOf(s.history)), nil
	case "tool_results":
		return template.JSON(template.ResultsOf(s.message)), nil
	case "conversation":
		return template.Text(s.id), nil
	case "turn":
		return template.JSON(s.turn), nil
	case "seed":
		const positive = 1<<31 - 1 // what every service takes for a number
		return template.JSON(int(s.seed & positive)), nil
	}
	return template.Value{}, core.Errorf(core.ErrorInternal, "there is no such placeholder")
}

// jqVariables are the variables of jq programs, without their "$".
func jqVariables() []string {
	return []string{
		"prompt", "system_prompt", "messages", "history", "tool_results", "conversation", "turn", "seed", "taken",
		"status", "headers", "event",
	}
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
	return v.ForJQ()
}

// file returns the file of the turn of a kind, if there is one.
func (s *state) file(kind string) (content, mediaType string, ok bool, err error) {
	modality := core.Modality(kind)
	all := s.message.Of(modality)
	switch {
	case modality == core.Text && len(all) > 0:
		return template.TextOf(s.message), core.MediaText, true, nil
	case len(all) == 0:
		return "", "", false, nil
	case len(all) > 1:
		return "", "", false, core.Errorf(core.ErrorInput, "the turn has %d parts of %s, and a request carries one", len(all), kind)
	}
	return string(all[0].Data), all[0].MediaType, true, nil
}

// messages returns the system prompt, the history and the turn's message.
func (s *state) messages() []any {
	var all []any
	if s.systemPrompt != "" {
		all = append(all, map[string]any{"role": string(core.System), "content": s.systemPrompt})
	}
	all = append(all, template.MessagesOf(s.history)...)
	if s.turn > 0 {
		all = append(all, template.MessagesOf([]core.Message{s.message})...)
	}
	return all
}
