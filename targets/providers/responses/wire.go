package responses

import (
	"bytes"
	"encoding/json"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
)

// response is an answer. Fields have the types that servers send, which are more than
// the protocol has.
type response struct {
	ID         string            `json:"id"`
	Object     string            `json:"object"`
	Status     string            `json:"status"`
	Error      json.RawMessage   `json:"error"`
	Output     []json.RawMessage `json:"output"`
	Usage      *usage            `json:"usage"`
	Incomplete struct {
		Reason string `json:"reason"`
	} `json:"incomplete_details"`
	// Filters are what Azure's filter says of messages and replies.
	Filters []struct {
		Blocked bool                    `json:"blocked"`
		Source  string                  `json:"source_type"`
		Results openaiapi.FilterResults `json:"content_filter_results"`
	} `json:"content_filters"`
}

// isResponse reports whether an object is a response at all.
func (r response) isResponse() bool {
	return r.Object == "response" || r.Status != "" || len(r.Output) > 0
}

// event is an event of a stream.
type event struct {
	Type     string          `json:"type"`
	Response json.RawMessage `json:"response"`
	Item     json.RawMessage `json:"item"`
	Part     *part           `json:"part"`
	Output   int             `json:"output_index"`
	Content  int             `json:"content_index"`
	Summary  int             `json:"summary_index"`
	Delta    argument        `json:"delta"`
	Text     argument        `json:"text"`
	Refusal  argument        `json:"refusal"`
	// Arguments and Input are those of a call, whole.
	Arguments argument        `json:"arguments"`
	Input     argument        `json:"input"`
	Error     json.RawMessage `json:"error"`
}

// item is an item of the output.
type item struct {
	Type        string          `json:"type"`
	ID          string          `json:"id"`
	Status      string          `json:"status"`
	CallID      string          `json:"call_id"`
	Name        string          `json:"name"`
	ServerLabel string          `json:"server_label"`
	Arguments   argument        `json:"arguments"`
	Input       argument        `json:"input"`
	Output      argument        `json:"output"`
	Error       argument        `json:"error"`
	Content     parts           `json:"content"`
	Summary     parts           `json:"summary"`
	Encrypted   string          `json:"encrypted_content"`
	Tools       json.RawMessage `json:"tools"`
}

// unfinished reports whether a message, or a call that the client has to answer, says
// that it is not whole. Items of other types have further statuses.
func (it item) unfinished() bool {
	if it.Type != "message" && it.Type != "function_call" && it.Type != "custom_tool_call" {
		return it.Status == "incomplete"
	}
	return it.Status != "" && it.Status != "completed"
}

// part is a part of a message or of reasoning.
type part struct {
	Type    string   `json:"type"`
	Text    argument `json:"text"`
	Refusal argument `json:"refusal"`
}

// parts are a list of parts, or a text.
type parts []part

// UnmarshalJSON reads a list, or a text as its only part.
func (p *parts) UnmarshalJSON(data []byte) error {
	if text, ok := lenient.Text(data); ok {
		*p = nil
		if text != "" {
			*p = parts{{Type: "output_text", Text: argument(text)}}
		}
		return nil
	}
	return json.Unmarshal(data, (*[]part)(p))
}

// argument is a text, or any other JSON, as its text; null is "".
type argument string

// UnmarshalJSON reads a text, or any other JSON as its text.
func (a *argument) UnmarshalJSON(data []byte) error {
	if lenient.IsNull(data) {
		return nil
	}
	if text, ok := lenient.Text(data); ok {
		*a = argument(text)
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return err
	}
	*a = argument(compact.String())
	return nil
}

// usage is what the service counts. A field is nil where it does not say.
type usage struct {
	Input  *lenient.Count `json:"input_tokens"`
	Output *lenient.Count `json:"output_tokens"`
	In     struct {
		Cached *lenient.Count `json:"cached_tokens"`
	} `json:"input_tokens_details"`
	Out struct {
		Reasoning *lenient.Count `json:"reasoning_tokens"`
	} `json:"output_tokens_details"`
}

// usage returns the counts for the record.
func (u *usage) usage() core.Usage {
	if u == nil {
		return core.Usage{}
	}
	return core.Usage{
		InputTokens: u.Input.Tokens(), OutputTokens: u.Output.Tokens(),
		CachedInputTokens: u.In.Cached.Tokens(), OutputReasoningTokens: u.Out.Reasoning.Tokens(),
	}
}

// counted returns the tokens of the reply; -1 where the service does not say.
func (u *usage) counted() int64 {
	if u == nil || u.Output == nil {
		return -1
	}
	return int64(*u.Output)
}

// given returns the tokens of the conversation; 0 where the service does not say.
// Those of a cache are added: some services leave them out of the others.
func (u *usage) given() int64 {
	if u == nil {
		return 0
	}
	return u.Input.Tokens() + u.In.Cached.Tokens()
}

// decode decodes an object. Fields of a wrong type are left out.
func decode[T any](data []byte) (T, error) {
	var v T
	err := lenient.Unmarshal(data, &v)
	return v, err
}
