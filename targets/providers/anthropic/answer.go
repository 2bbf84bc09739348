package anthropic

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/tool"
)

// answer collects what a service answers to a message: to one request, or to several
// where it pauses.
type answer struct {
	target *target
	reply  reply.Builder
	sent   time.Time
	timing core.Timing
	limits []core.RateLimit

	// usage is that of the present request, before that of the requests before it.
	usage  usage
	before core.Usage
	pauses int

	end end
	// begun says that there is a message, ended that it came to its last mark.
	begun, ended bool
	// filtered says what a filter objected to that is no refusal of the model.
	filtered string
	// tooLarge says that an event or the answer was not read to its end, unread that a
	// part of the reply is of a form that is not known: what it says nobody judges.
	tooLarge, unread string
	blocks           []*collected
	// first is the place of the first block of the present request.
	first    int
	warnings []string
}

// collected is a block of the answer, with all of its pieces.
type collected struct {
	block
	index int
	// key is that of the part of the reply. Texts that follow each other have one: the
	// service divides a text where it cites.
	key string
	raw json.RawMessage
	// input are the pieces of a call's input.
	input     []byte
	citations []json.RawMessage
	changed   bool
	call      *reply.Call
}

func newAnswer(t *target) *answer {
	return &answer{target: t, sent: time.Now(), reply: reply.Builder{Limit: t.config.MaxReplyBytes}}
}

// warn adds a warning, once.
func (a *answer) warn(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(a.warnings, text) {
		a.warnings = append(a.warnings, text)
	}
}

// pass notes that a part of the reply is not read.
func (a *answer) pass(format string, args ...any) {
	a.warn(format, args...)
	if a.unread == "" {
		a.unread = a.warnings[len(a.warnings)-1]
	}
}

// takeMessage takes an answer in one piece, or the beginning of a stream.
func (a *answer) takeMessage(m envelope) error {
	a.begun = true
	if m.Usage != nil {
		a.usage.update(*m.Usage)
	}
	a.takeEnd(m.end)
	for i, data := range m.Content {
		if err := a.takeBlock(i, data); err != nil {
			return err
		}
	}
	return nil
}

// takeEnd takes a reason of the end. Of several that differ, one that says that the reply
// is not whole counts, whichever comes last.
func (a *answer) takeEnd(e end) {
	switch before := a.end.StopReason; {
	case e.StopReason == "":
	case before == "" || before == e.StopReason:
		a.end = e
	default:
		a.warn("the service gives several reasons for the end of the reply: %q and %q", before, e.StopReason)
		if slices.Contains(wholeReasons(), before) {
			a.end = e
		}
	}
}

// takeBlock takes a block, or the beginning of one.
func (a *answer) takeBlock(index int, data json.RawMessage) error {
	b := &collected{index: index}
	if err := lenient.Unmarshal(data, &b.block); err != nil || !bytes.HasPrefix(data, []byte("{")) {
		return core.Errorf(core.ErrorProtocol, "a block of the reply cannot be read: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	b.raw = bytes.Clone(data)
	b.Type, b.key = b.kind(), strconv.Itoa(len(a.blocks))
	if n := len(a.blocks); n > 0 && b.Type == "text" && a.blocks[n-1].Type == "text" {
		b.key = a.blocks[n-1].key
	}
	a.blocks = append(a.blocks, b)
	a.read(b)
	a.arrived()
	return nil
}

// read reads what a block, or the beginning of one, says.
func (a *answer) read(b *collected) {
	switch key := b.key; {
	case b.Type == "text":
		a.reply.Text(key, b.Text)
		if b.Text == "" && !lenient.IsText(b.raw, "text") {
			a.pass("the reply has a text in another form, which is not read")
		}
	case b.Type == "thinking":
		a.reply.Reasoning(key, b.Thinking)
	case b.isCall():
		if b.call = a.reply.Call(key); b.call != nil {
			b.call.ID, b.call.Name = b.ID, b.Name
			if b.isCarriedOut() && b.ID == "" {
				b.call.ID = "carried_out_" + key
			}
			if input := argumentsOf(b.Input); input != "{}" {
				b.call.Argue(input)
			}
		}
	case b.isResult():
		a.takeResult(b)
	case b.Type == "redacted_thinking": // encrypted: it is only sent back
	case b.Type == "compaction":
		a.warn("the service has compacted the conversation: what the model sees of it is not what was sent")
	case b.Type == "fallback" || b.Type == "mcp_tool_listing": // about the model, and the tools: nothing that it says
		a.warn("the reply has a block %q, which is not read", b.Type)
	default:
		a.pass("the reply has a block %q, which is not read", b.Type)
	}
}

// takeResult takes what a call that the service has carried out itself came to.
func (a *answer) takeResult(result *collected) {
	for _, b := range slices.Backward(a.blocks) {
		if b.call != nil && b.isCarriedOut() && b.ID == result.CallID {
			a.reply.Result(b.key, b.call.ID, result.output())
			return
		}
	}
	a.pass("the reply has a block %q of no call, which is not read", result.Type)
}

// arrived notes when the first content came.
func (a *answer) arrived() {
	if a.timing.FirstEvent == 0 && !a.reply.Empty() {
		a.timing.FirstEvent = time.Since(a.sent)
	}
}

// argumentsOf are the arguments of a call: its input, which some servers give as text.
func argumentsOf(input json.RawMessage) string {
	var text string
	if json.Unmarshal(input, &text) == nil && text != "" {
		return text
	}
	return compact(input)
}

// compact returns JSON without spaces; "{}" for none.
func compact(data json.RawMessage) string {
	if lenient.IsNull(data) {
		return "{}"
	}
	var buffer bytes.Buffer
	if json.Compact(&buffer, data) != nil {
		return string(data)
	}
	return buffer.String()
}

// takeDelta takes a piece of a block.
func (a *answer) takeDelta(index int, data json.RawMessage) error {
	place := -1
	for i := len(a.blocks) - 1; i >= a.first && place < 0; i-- { // some servers give an index twice: the last is meant
		if a.blocks[i].index == index {
			place = i
		}
	}
	var d delta
	if err := lenient.Unmarshal(data, &d); err != nil || place < 0 {
		return core.Errorf(core.ErrorProtocol, "a piece of the reply belongs to no block: %s", service.Shown(data)).About(core.SubjectAnswer)
	}
	b := a.blocks[place]
	key := b.key
	b.changed = true
	switch d.kind() {
	case "text_delta":
		b.Text += d.Text
		a.reply.Text(key, d.Text)
		if d.Text == "" && !lenient.IsText(data, "text") {
			a.pass("the reply has a piece in another form, which is not read")
		}
	case "thinking_delta":
		b.Thinking += d.Thinking
		a.reply.Reasoning(key, d.Thinking)
	case "signature_delta":
		b.Signature += d.Signature
	case "input_json_delta":
		b.argue(d.PartialJSON)
	case "citations_delta":
		b.citations = append(b.citations, bytes.Clone(d.Citation))
	default:
		a.pass("the reply has a piece %q, which is not read", d.Type)
	}
	a.arrived()
	return nil
}

// argue adds to the input of a call. The pieces are the whole of it: some servers give it
// at the beginning, too.
func (b *collected) argue(piece string) {
	if b.call != nil {
		if len(b.input) == 0 && piece != "" {
			b.call.Arguments = nil
		}
		b.call.Argue(piece)
	}
	b.input = append(b.input, piece...)
}

// sentBack returns a block as the service gets it back; nil for one that it would not
// take: a blank text, or thinking without the signature that ends it.
func (b *collected) sentBack() json.RawMessage {
	if b.Type == "text" && strings.TrimSpace(b.Text) == "" || b.Type == "thinking" && b.Signature == "" {
		return nil
	}
	arguments := string(b.input)
	if len(b.input) == 0 {
		arguments = argumentsOf(b.Input)
	}
	input, ok := inputOf(arguments)
	isWhole := !b.isCall() || bytes.HasPrefix(b.Input, []byte("{")) && b.call != nil && b.call.ID == b.ID
	if !b.changed && isWhole {
		return []byte(compact(b.raw))
	}
	members := map[string]any{}
	var raw map[string]json.RawMessage
	_ = json.Unmarshal(b.raw, &raw) // it was read before
	for name, data := range raw {
		members[name] = data
	}
	switch {
	case b.Type == "text":
		members["text"] = b.Text
	case b.Type == "thinking":
		members["thinking"], members["signature"] = b.Thinking, b.Signature
	case b.isCall() && ok:
		members["input"] = input
	case b.isCall():
		members["input"] = json.RawMessage("{}") // the service takes no other than an object
	}
	if b.call != nil {
		members["id"] = b.call.ID
	}
	if b.citations != nil {
		members["citations"] = b.citations
	}
	data, _ := json.Marshal(members) // texts and JSON that was read always encode
	return data
}

// content is what the conversation remembers of the answer, and its calls.
func (a *answer) content() ([]json.RawMessage, []tool.Call) {
	var content []json.RawMessage
	var calls []tool.Call
	for _, b := range a.blocks {
		data := b.sentBack()
		if data == nil || b.isCall() && b.call == nil {
			continue
		}
		content = append(content, data)
		if b.call != nil && !b.isCarriedOut() {
			calls = append(calls, tool.Call{ID: b.call.ID, Name: b.call.Name, Arguments: string(b.call.Arguments)})
		}
	}
	return content, calls
}
