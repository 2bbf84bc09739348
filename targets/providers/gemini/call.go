package gemini

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
)

// answeredCall is a call with the service's own identifier.
type answeredCall struct {
	*reply.Call
	id, key string
	// isCarriedOut says that the service carries it out itself.
	isCarriedOut bool
	// tree are its arguments where they come in pieces.
	tree any
}

type functionCall struct {
	ID   string          `json:"id"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
	// Of a call in pieces: values of its arguments, and whether more follows.
	Pieces       []piece `json:"partialArgs"`
	WillContinue bool    `json:"willContinue"`
}

// arguments are the arguments of a call as text, in which form some servers give them.
func (c functionCall) arguments() string {
	var text string
	if json.Unmarshal(c.Args, &text) == nil && text != "" {
		return text
	}
	return compact(c.Args)
}

// compact returns JSON without spaces; "{}" for none.
func compact(data json.RawMessage) string {
	if lenient.IsNull(data) {
		return "{}"
	}
	var compact bytes.Buffer
	if json.Compact(&compact, data) != nil {
		return string(data)
	}
	return compact.String()
}

// begin begins a call; nil where there are too many parts.
func (a *answer) begin(id, name string) *answeredCall {
	key := strconv.Itoa(len(a.calls))
	call := a.reply.Call(key)
	if call == nil {
		return nil
	}
	call.ID, call.Name = id, name
	a.calls = append(a.calls, &answeredCall{Call: call, id: id, key: key})
	return a.calls[len(a.calls)-1]
}

// takeCall takes a call, or a piece of one. isWhole is false where more of it follows, and
// what is sent back is what the pieces come to.
func (a *answer) takeCall(c functionCall, data json.RawMessage) (sentBack json.RawMessage, isWhole bool) {
	continued := a.inPieces
	if continued == nil || c.Name != "" {
		call := a.begin(c.ID, c.Name)
		switch {
		case call == nil:
			return data, true
		case !c.WillContinue && len(c.Pieces) == 0:
			call.Argue(c.arguments())
			return data, true
		}
		continued, call.tree = call, map[string]any{}
		a.inPieces, a.firstPiece = call, data
	}
	for _, p := range c.Pieces {
		tree, ok := p.put(continued.tree)
		if !ok {
			a.pass("the reply has an argument %q of a call, which is not read", p.Path)
		}
		continued.tree = tree
	}
	if c.WillContinue {
		return nil, false
	}
	return a.joinPieces(), true
}

// joinPieces ends a call that came in pieces, and returns its part as it would have come
// in one.
func (a *answer) joinPieces() json.RawMessage {
	c := a.inPieces
	a.inPieces = nil
	arguments, _ := encode(c.tree) // a tree of JSON always encodes
	c.Argue(string(arguments))
	var part map[string]any
	_ = json.Unmarshal(a.firstPiece, &part) // it was read before
	call := map[string]any{"name": c.Name, "args": arguments}
	if c.id != "" {
		call["id"] = c.id
	}
	part["functionCall"] = call
	data, _ := encode(part) // what was read encodes
	return data
}

// hostedParts are the parts of calls that the service carries out itself.
type hostedParts struct {
	Code *struct {
		ID       string `json:"id"`
		Code     string `json:"code"`
		Language string `json:"language"`
	} `json:"executableCode"`
	CodeResult *struct {
		ID      string `json:"id"`
		Outcome string `json:"outcome"`
		Output  string `json:"output"`
	} `json:"codeExecutionResult"`
	ToolCall *struct {
		ID   string          `json:"id"`
		Type string          `json:"toolType"`
		Args json.RawMessage `json:"args"`
	} `json:"toolCall"`
	ToolResponse *struct {
		ID       string          `json:"id"`
		Type     string          `json:"toolType"`
		Response json.RawMessage `json:"response"`
	} `json:"toolResponse"`
}

// The names under which calls are recorded that the service carries out itself.
const (
	codeExecution = "code_execution"
	googleSearch  = "google_search"
)

// takeHosted takes a part of a call that the service carries out itself. ok is false where
// it is none.
func (a *answer) takeHosted(p hostedParts) (ok bool) {
	switch {
	case p.Code != nil:
		arguments, _ := encode(map[string]string{"code": p.Code.Code, "language": p.Code.Language}) // texts always encode
		a.carriedOut(p.Code.ID, codeExecution, string(arguments))
	case p.CodeResult != nil:
		a.takeResult(p.CodeResult.ID, codeExecution, cmp.Or(p.CodeResult.Output, p.CodeResult.Outcome))
	case p.ToolCall != nil:
		a.carriedOut(p.ToolCall.ID, strings.ToLower(p.ToolCall.Type), compact(p.ToolCall.Args))
	case p.ToolResponse != nil:
		a.takeResult(p.ToolResponse.ID, strings.ToLower(p.ToolResponse.Type), compact(p.ToolResponse.Response))
	default:
		return false
	}
	return true
}

// carriedOut adds a call that the service carries out itself.
func (a *answer) carriedOut(id, name, arguments string) {
	if c := a.begin(id, name); c != nil {
		c.isCarriedOut = true
		c.ID = cmp.Or(id, "carried_out_"+c.key)
		c.Argue(arguments)
	}
}

// takeResult takes what such a call came to.
func (a *answer) takeResult(id, name, output string) {
	for _, c := range slices.Backward(a.calls) {
		if c.isCarriedOut && c.id == id && c.Name == name {
			a.reply.Result(c.key, c.ID, output)
			return
		}
	}
	a.pass("the reply has a result of no call %q, which is not read", name)
}

// takeSearches takes what the service has searched for. It says so of all of the answer so
// far, and in other services as a call.
func (a *answer) takeSearches(queries []string) {
	if len(queries) == 0 {
		return
	}
	at := slices.IndexFunc(a.calls, func(c *answeredCall) bool { return strings.HasPrefix(c.Name, googleSearch) && c.isCarriedOut })
	arguments, _ := encode(map[string][]string{"queries": queries}) // texts always encode
	switch {
	case at < 0:
		a.carriedOut("", googleSearch, string(arguments))
	case a.calls[at].Name == googleSearch && a.calls[at].id == "":
		a.calls[at].Arguments = nil
		a.calls[at].Argue(string(arguments))
	}
}

// completeCalls gives calls without an identifier, or with that of another one, one of
// their own: results name it. A call that broke off has what came of its arguments, and one
// that the service carries out itself waits for no result.
func (a *answer) completeCalls() {
	if a.inPieces != nil {
		_ = a.joinPieces()
	}
	taken := map[string]bool{}
	for i, c := range a.calls {
		if c.ID == "" || taken[c.ID] && !c.isCarriedOut {
			c.ID = fmt.Sprintf("call_%d", i+1)
		}
		taken[c.ID] = true
		if c.isCarriedOut {
			a.reply.Result(c.key, c.ID, "")
		}
	}
}
