package realtimetest

import (
	"fmt"
	"strings"
)

// checkStored returns an error for a stored prompt that the server does not have.
func (s session) checkStored(prompts map[string]string) *protocolError {
	id := asString(s.at("prompt", "id"))
	if _, known := prompts[id]; id == "" || prompts == nil || known {
		return nil
	}
	return invalid("prompt_not_found", "session.prompt.id", fmt.Sprintf("Prompt with id '%s' not found.", id))
}

// instructions are those of the session, or else those of its stored prompt, with
// the variables that are texts filled in.
func (s session) instructions(prompts map[string]string) string {
	own := asString(s.values["instructions"])
	text := prompts[asString(s.at("prompt", "id"))]
	if own != "" || text == "" {
		return own
	}
	variables, _ := s.at("prompt", "variables").(map[string]any)
	var pairs []string
	for name, value := range variables {
		pairs = append(pairs, "{{"+name+"}}", asString(value))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
