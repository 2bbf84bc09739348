package recorded

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// promptNames are the names that services have for what a user says, the surest
// first.
func promptNames() []string {
	return []string{"prompt", "message", "user_message", "usermessage", "question", "query", "user_input", "userinput", "input", "inputs", "utterance", "msg", "text", "content", "q", "chat_input", "body", "value"}
}

// replyNames are the names that services have for what they say.
func replyNames() []string {
	return []string{"answer", "reply", "response", "output", "output_text", "generated_text", "completion", "content", "text", "message", "result", "delta", "token", "data"}
}

// leafAt is a text within a value, with its place and name.
type leafAt struct {
	at, jq, name, text string
}

// leaves returns the texts of a JSON value.
func (n node) leaves(at, jq, name string) []leafAt {
	switch {
	case n.isText:
		return append([]leafAt{{at, jq, name, n.text}}, n.leavesWithin(at)...)
	case n.list != nil:
		var all []leafAt
		for i, item := range n.list {
			all = append(all, item.leaves(fmt.Sprintf("%s[%d]", at, i), fmt.Sprintf("%s[%d]", jq, i), name)...)
		}
		return all
	}
	var all []leafAt
	for _, e := range n.entries {
		step := "." + e.key
		if !plainKey.MatchString(e.key) || strings.Contains(e.key, "-") {
			step = "." + jsonText(e.key)
		}
		all = append(all, e.value.leaves(at+"."+e.key, jq+step, e.key)...)
	}
	return all
}

// leavesWithin returns the texts of JSON in a text. jq does not see them by a path.
func (n node) leavesWithin(at string) []leafAt {
	if trimmed := strings.TrimSpace(n.text); !strings.HasPrefix(trimmed, "{") && !strings.HasPrefix(trimmed, "[") {
		return nil
	}
	v, err := decodeOrdered(n.text)
	if err != nil {
		return nil
	}
	all := v.leaves(at, "", "")
	for i := range all {
		all[i].jq = ""
	}
	return all
}

// reGraphQL is how a document of GraphQL begins, which a service has in a field "query".
var reGraphQL = regexp.MustCompile(`^\s*(?:(?:query|mutation|subscription)(?:\s+\w+)?\s*(?:\([^)]*\)\s*)?(?:@[^{]*)?|fragment\s+\w+\s+on\s+\w+\s*)?\{`)

// isProse reports whether a text can be what somebody said.
func isProse(text string) bool {
	return text != "" && len(secretsIn(text)) == 0 && !reGraphQL.MatchString(text)
}

// findPrompt looks for the field that has what the user said.
func (c *converter) findPrompt() {
	r := c.request
	var all []leafAt
	switch v, err := decodeOrdered(r.body); {
	case r.hasBody && err == nil:
		all = v.leaves("body", "", "")
	case r.hasBody && strings.Contains(r.contentType, "urlencoded"):
		if f, ok := fieldsOf(r.body); ok {
			for _, e := range f {
				all = append(all, leafAt{at: "form." + e.name, name: e.name, text: e.value})
			}
		}
	}
	for _, p := range r.parts {
		if !p.file {
			all = append(all, leafAt{at: "multipart." + p.name, name: p.name, text: p.value})
		}
	}
	for name, values := range r.url.Query() {
		all = append(all, leafAt{at: "query." + name, name: name, text: values[0]})
	}
	for _, name := range promptNames() {
		for _, l := range slices.Backward(all) { // the last message of a list
			if strings.EqualFold(l.name, name) && isProse(l.text) {
				c.promptAt = l.at
				return
			}
		}
	}
}

// reply returns where the reply is in the answer, if that was recorded.
func (c *converter) reply() node {
	var out node
	r := c.request
	switch {
	case strings.Contains(r.answerType, "event-stream"):
		path, end := streamPath(r.answer)
		out.add("stream", text("sse"))
		if path != "" {
			out.add("jq", text(path+" // empty"))
		}
		if end {
			out.add("end", text("[DONE]"))
		}
	case r.answer != "" && strings.Contains(r.answerType, "json"):
		if v, err := decodeOrdered(r.answer); err == nil {
			if path := replyPath(v); path != "" {
				out.add("jq", text(path))
			}
		}
	}
	return out
}

// replyPath returns the jq path of the text that is the reply: by its name, or else
// the longest one with words in it.
func replyPath(v node) string {
	all := v.leaves("", "", "")
	for _, name := range replyNames() {
		for _, l := range all {
			if strings.EqualFold(l.name, name) && isProse(l.text) {
				return l.jq
			}
		}
	}
	longest := leafAt{}
	for _, l := range all {
		if strings.Contains(l.text, " ") && len(l.text) > len(longest.text) {
			longest = l
		}
	}
	return longest.jq
}

// streamPath returns the jq path of the pieces of an event stream, and whether
// [DONE] ends it.
func streamPath(stream string) (path string, end bool) {
	for line := range strings.Lines(stream) {
		data, ok := strings.CutPrefix(strings.TrimSpace(line), "data:")
		if !ok {
			continue
		}
		data = strings.TrimSpace(data)
		end = end || data == "[DONE]"
		if v, err := decodeOrdered(data); err == nil && path == "" {
			path = replyPath(v)
		}
	}
	return path, end
}

var reIDName = regexp.MustCompile(`(?i)^(conversation|chat|thread|session|dialog|context)`)

// advise adds the notes about what is left to do.
func (c *converter) advise() {
	if !c.prompted {
		c.notes = append(c.notes, "No place for the prompt was found: write $(prompt) where the turn's text belongs, or give the text that was typed in.")
	}
	if c.reply().entries == nil {
		c.notes = append(c.notes, "Say where the reply is in the answer: reply: {jq: …} for JSON, {html: …} or {regex: …} for a web page.")
	}
	for _, name := range c.names {
		s := c.found[name]
		if reIDName.MatchString(name) {
			c.notes = append(c.notes, fmt.Sprintf("%s may be the conversation's: $(conversation) in its place begins another one each time, if the service takes IDs of its clients.", s.Name))
		}
		for i, earlier := range c.request.earlier {
			if value := s.Value.Reveal(); len(value) > 6 && strings.Contains(earlier, value) {
				c.notes = append(c.notes, fmt.Sprintf("%s was in the answer to request %d of the recording: a request under session can take it anew for each conversation.", s.Name, i+1))
				break
			}
		}
	}
}
