package responses

import (
	"encoding/json"
	"fmt"
	"strings"
)

// callKey is the key of the call at a place.
func callKey(place int) string { return fmt.Sprintf("call%d", place) }

// call returns the call at a place, which begins at its first use; nil where there
// are too many.
func (a *answer) call(place int) *placedCall {
	for _, c := range a.calls {
		if c.place == place {
			return c
		}
	}
	c := a.reply.Call(callKey(place))
	if c == nil {
		return nil
	}
	a.came()
	a.calls = append(a.calls, &placedCall{Call: c, place: place})
	return a.calls[len(a.calls)-1]
}

// argue adds to the arguments of the call at a place.
func (a *answer) argue(place int, text string) {
	if c := a.call(place); c != nil {
		c.Argue(text)
	}
}

// settleArguments takes arguments that are whole, of which pieces may have come.
func (a *answer) settleArguments(c *placedCall, whole string) {
	switch before := string(c.Arguments); {
	case whole == before, whole == "", a.reply.Full() != "":
	case before == "":
		c.Argue(whole)
	default:
		a.warn("the arguments of the call %q are others in whole than in their pieces: the whole is kept", c.Name)
		c.Arguments = nil
		c.Argue(whole)
	}
}

// begin takes what an item says of its call at its beginning.
func (a *answer) begin(place int, it item) *placedCall {
	c := a.call(place)
	if c == nil {
		return nil
	}
	c.kind = it.Type
	c.ID = firstOf(it.CallID, it.ID, c.ID)
	c.Name = firstOf(it.Name, c.Name)
	if c.Name == "" {
		c.Name = strings.TrimSuffix(it.Type, "_call")
	}
	return c
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// isWaiting reports whether calls of a type are the client's to carry out.
func isWaiting(kind string) bool {
	return kind == "function_call" || kind == "custom_tool_call" || kind == "mcp_approval_request"
}

// isCall reports whether an item is a call of a tool.
func isCall(kind string) bool { return strings.HasSuffix(kind, "_call") || isWaiting(kind) }

// takeCall takes a call that is whole: the client's, or one that the service has
// carried out, with its result.
func (a *answer) takeCall(place int, it item, raw json.RawMessage) {
	if !isCall(it.Type) {
		a.warn("the reply has an item of type %q, which is not read", it.Type)
		return
	}
	c := a.begin(place, it)
	if c == nil {
		return
	}
	switch it.Type {
	case "function_call", "mcp_approval_request", "mcp_call":
		a.settleArguments(c, string(it.Arguments))
	case "custom_tool_call":
		a.settleArguments(c, string(it.Input))
	default:
		a.settleArguments(c, details(raw))
	}
	if !isWaiting(it.Type) {
		output := string(it.Output)
		switch {
		case it.Error != "":
			output = "error: " + string(it.Error)
		case output == "":
			output = it.Status
		}
		a.completeCall(c, place)
		a.reply.Result(callKey(place), c.ID, output)
	}
}

// details are what an item of a hosted tool has beside what every item has, as JSON.
func details(raw json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(raw, &fields) != nil {
		return ""
	}
	for _, name := range []string{"type", "id", "status"} {
		delete(fields, name)
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return ""
	}
	return string(encoded)
}

// completeCall gives a call without an identifier one of its own: results name it.
func (a *answer) completeCall(c *placedCall, place int) {
	if c.ID == "" {
		c.ID = fmt.Sprintf("call_%d", place+1)
	}
}

// waiting returns the calls that the campaign has to answer.
func (a *answer) waiting() []waiting {
	var open []waiting
	for _, c := range a.calls {
		if c.kind == "" || isWaiting(c.kind) {
			open = append(open, waiting{c.ID, c.Name, firstOf(c.kind, "function_call")})
		}
	}
	return open
}
