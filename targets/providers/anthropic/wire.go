package anthropic

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/anthropics/anthropic-sdk-go"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// envelope is an answer in one piece, or the members of all events of a stream.
type envelope struct {
	Type    string          `json:"type"`
	Content blocks          `json:"content"`
	Usage   *usage          `json:"usage"`
	Error   json.RawMessage `json:"error"`
	end

	// Of events.
	Message      *envelope       `json:"message"`
	Index        *int            `json:"index"`
	ContentBlock json.RawMessage `json:"content_block"`
	Delta        json.RawMessage `json:"delta"`
}

// blocks are the content blocks of an answer; one text stands for a block of its own.
type blocks []json.RawMessage

// UnmarshalJSON reads a list, or a text: the API takes both, and some servers answer with
// what they take.
func (b *blocks) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte(`"`)) {
		*b = blocks{slices.Concat([]byte(`{"type":"text","text":`), data, []byte("}"))}
		return nil
	}
	return json.Unmarshal(data, (*[]json.RawMessage)(b))
}

// failed reports whether an answer or event, whose JSON is data, is an error. One of a
// type of the protocol is none for an error that says nothing.
func (e *envelope) failed(data []byte) bool {
	known := e.Content != nil || e.Type == "ping" || strings.HasPrefix(e.Type, "message") || strings.HasPrefix(e.Type, "content_block")
	if !isErrorType(e.Type) && known {
		return !service.Empty(e.Error)
	}
	return isErrorType(e.Type) || service.IsError(data)
}

// isErrorType reports whether a type is that of an error, or of what is within one.
func isErrorType(name string) bool { return name == "error" || strings.HasSuffix(name, "_error") }

// end is how the service ends a reply.
type end struct {
	StopReason  anthropic.StopReason `json:"stop_reason"`
	StopDetails struct {
		Category    string `json:"category"`
		Explanation string `json:"explanation"`
	} `json:"stop_details"`
}

// block are the members of a content block that are read.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text"`
	Thinking  string          `json:"thinking"`
	Signature string          `json:"signature"`
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Input     json.RawMessage `json:"input"`
	// Of the result of a call that the service has carried out itself.
	CallID  string          `json:"tool_use_id"`
	Content json.RawMessage `json:"content"`
}

// isCall reports whether the block is a call of a tool: one that the campaign has to
// answer, or one that the service carries out itself.
func (b block) isCall() bool { return b.Type == "tool_use" || b.isCarriedOut() }

// isCarriedOut reports whether it is a call that the service carries out itself.
func (b block) isCarriedOut() bool { return b.Type == "server_tool_use" || b.Type == "mcp_tool_use" }

// isResult reports whether the block is what such a call came to.
func (b block) isResult() bool { return strings.HasSuffix(b.Type, "_tool_result") }

// output is what the call came to as text: that of its text blocks, where it has no other
// blocks, and JSON otherwise.
func (b block) output() string {
	var text string
	if json.Unmarshal(b.Content, &text) == nil {
		return text
	}
	var all []block
	if json.Unmarshal(b.Content, &all) != nil {
		return compact(b.Content)
	}
	var texts []string
	for _, inner := range all {
		if inner.Type != "text" {
			return compact(b.Content)
		}
		texts = append(texts, inner.Text)
	}
	return strings.Join(texts, "\n")
}

// delta is a piece of a content block.
type delta struct {
	Type        string          `json:"type"`
	Text        string          `json:"text"`
	PartialJSON string          `json:"partial_json"`
	Thinking    string          `json:"thinking"`
	Signature   string          `json:"signature"`
	Citation    json.RawMessage `json:"citation"`
}

// kind is the type of a block; a text without one was cut off before it.
func (b block) kind() string {
	if b.Type == "" && b.Text != "" {
		return "text"
	}
	return b.Type
}

// kind is the type of a piece; a text without one was cut off before it.
func (d delta) kind() string {
	if d.Type == "" && d.Text != "" {
		return "text_delta"
	}
	return d.Type
}

// usage is what the service counts. Counts of an event are those of the whole answer
// so far; a count is nil where it is not said.
type usage struct {
	Input   *lenient.Count `json:"input_tokens"`
	Output  *lenient.Count `json:"output_tokens"`
	Created *lenient.Count `json:"cache_creation_input_tokens"`
	Read    *lenient.Count `json:"cache_read_input_tokens"`
	Details struct {
		Thinking *lenient.Count `json:"thinking_tokens"`
	} `json:"output_tokens_details"`
}

// update takes the counts of a later event.
func (u *usage) update(later usage) {
	for _, c := range []struct{ of, by **lenient.Count }{
		{&u.Input, &later.Input}, {&u.Output, &later.Output}, {&u.Created, &later.Created}, {&u.Read, &later.Read}, {&u.Details.Thinking, &later.Details.Thinking},
	} {
		if *c.by != nil {
			*c.of = *c.by
		}
	}
}

// usage returns the counts for the record. The service counts what was written to its
// cache, and what was read from it, apart from the other tokens that the model read.
func (u *usage) usage() core.Usage {
	return core.Usage{
		InputTokens: u.Input.Tokens() + u.Created.Tokens() + u.Read.Tokens(), OutputTokens: u.Output.Tokens(),
		CachedInputTokens: u.Read.Tokens(), OutputReasoningTokens: u.Details.Thinking.Tokens(),
	}
}

// counted returns the tokens of the answer; -1 where the service does not say.
func (u *usage) counted() int64 {
	if u.Output == nil {
		return -1
	}
	return int64(*u.Output)
}

// plus adds the usage of two requests.
func plus(a, b core.Usage) core.Usage {
	a.InputTokens += b.InputTokens
	a.OutputTokens += b.OutputTokens
	a.CachedInputTokens += b.CachedInputTokens
	a.OutputReasoningTokens += b.OutputReasoningTokens
	return a
}
