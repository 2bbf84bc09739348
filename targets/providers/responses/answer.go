package responses

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/openaiapi"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// answer collects what a service answers to one request.
type answer struct {
	target *target
	reply  reply.Builder
	sent   time.Time
	timing core.Timing
	limits []core.RateLimit
	usage  *usage

	// status is that of the response, and reason why it is incomplete.
	status, reason string
	// begun says that there is a response, ended that it came to its end.
	begun, ended bool
	// refused says that a part is the model's refusal.
	refused bool
	// cutItem is what a message or call says of itself that is not complete, such as
	// "incomplete"; "" for nothing.
	cutItem string
	// blocked says what a filter objected to, promptBlocked that it did so before the
	// model answered.
	blocked       string
	promptBlocked bool
	// flagged are the categories of Azure's filter for which content was filtered.
	flagged []string
	// flaggedPrompt are those for which the messages were.
	flaggedPrompt []string
	// tooLarge says that an event or the answer was not read to its end.
	tooLarge string
	// output are the items that are whole, by their place, and kept is their size.
	output map[int]json.RawMessage
	kept   int
	calls  []*placedCall
	// words are those of the conversation that was sent, without the assistant's.
	words int
	// text is the key of the first text.
	text     string
	warnings []string
}

// placedCall is a call with its place and the type of its item.
type placedCall struct {
	*reply.Call
	place int
	kind  string
}

func newAnswer(t *target) *answer {
	return &answer{
		target: t, sent: time.Now(), reply: reply.Builder{Limit: t.config.MaxReplyBytes}, output: map[int]json.RawMessage{},
	}
}

// warn adds a warning, once.
func (a *answer) warn(format string, args ...any) {
	a.warnings = openaiapi.Add(a.warnings, fmt.Sprintf(format, args...))
}

// key is the key of a part of an item.
func key(kind string, item, part int) string { return fmt.Sprintf("%s%d.%d", kind, item, part) }

// piece adds a piece of a text or of reasoning.
func (a *answer) piece(modality core.Modality, key, text string) {
	if text == "" {
		return
	}
	if modality == core.Reasoning {
		a.reply.Reasoning(key, text)
	} else {
		if a.text == "" {
			a.text = key
		}
		a.reply.Text(key, text)
	}
	a.came()
}

// came notes the time of the first content.
func (a *answer) came() {
	if a.timing.FirstEvent == 0 {
		a.timing.FirstEvent = time.Since(a.sent)
	}
}

// settle takes a part that is whole, of which pieces may have come. Where they are
// others, both are kept.
func (a *answer) settle(modality core.Modality, key, whole string) {
	before := a.reply.Collected(modality, key)
	switch {
	case whole == before, a.reply.Full() != "":
	case before == "":
		a.piece(modality, key, whole)
	case a.reply.Collected(modality, key+" whole") == "":
		a.warn("a part of the reply is another one in whole than in its pieces: both are kept")
		a.piece(modality, key+" whole", whole)
	}
}

// takeResponse takes a response, whole or at its end.
func (a *answer) takeResponse(r response) error {
	a.begun = true
	if r.Status != "" {
		a.status = r.Status
	}
	if r.Incomplete.Reason != "" {
		a.reason = r.Incomplete.Reason
	}
	if r.Usage != nil {
		a.usage = r.Usage
	}
	for _, f := range r.Filters {
		of, flagged := "the reply", &a.flagged
		if f.Source == "prompt" {
			of, flagged = "the message", &a.flaggedPrompt
		}
		if why := f.Results.Failed(); why != "" {
			a.warn("unfiltered: the service's content filter did not run on %s: %s", of, why)
		}
		names := f.Results.Filtered()
		if f.Blocked && len(names) == 0 {
			names = []string{"blocked"}
		}
		*flagged = openaiapi.Add(*flagged, names...)
	}
	for i, raw := range r.Output {
		if err := a.takeItem(i, raw); err != nil {
			return err
		}
	}
	if r.Status == "failed" || !service.Empty(r.Error) {
		return a.failed(r.Error)
	}
	return nil
}

// takeItem takes an item that is whole.
func (a *answer) takeItem(place int, raw json.RawMessage) error {
	it, err := decode[item](raw)
	if err != nil {
		return core.Errorf(core.ErrorProtocol, "an item of the output is not an object: %.100s", raw).About(core.SubjectAnswer)
	}
	if _, known := a.output[place]; !known {
		if a.kept += len(raw); a.kept > a.target.config.largest() {
			a.tooLarge = "the items of the reply are larger than max_reply_bytes allows"
			return nil
		}
		a.output[place] = raw
	}
	if it.unfinished() && a.cutItem != "incomplete" {
		a.cutItem = it.Status
	}
	switch it.Type {
	case "message", "":
		for i, p := range it.Content {
			a.takePart(place, i, p)
		}
	case "reasoning":
		for i, p := range it.Summary {
			a.settle(core.Reasoning, key("summary", place, i), string(p.Text))
		}
		for i, p := range it.Content {
			a.settle(core.Reasoning, key("reasoning", place, i), string(p.Text))
		}
	case "error":
		return a.failed(raw)
	case "compaction":
		a.warn("the service has compacted the conversation: what the model sees of it is not what was sent")
	case "mcp_list_tools":
		a.takeToolList(it)
	default:
		a.takeCall(place, it, raw)
	}
	return nil
}

// takePart takes a part of a message that is whole.
func (a *answer) takePart(item, place int, p part) {
	switch p.Type {
	case "output_text", "text", "":
		a.settle(core.Text, key("text", item, place), string(p.Text))
	case "refusal":
	case "reasoning_text":
		a.settle(core.Reasoning, key("reasoning", item, place), string(p.Text))
	default:
		a.warn("the reply has a part of type %q, which is not read", p.Type)
	}
	if p.Type == "refusal" || p.Refusal != "" {
		a.refused = true
		a.settle(core.Text, key("refusal", item, place), string(p.Refusal))
	}
}

// takeToolList tells which tools the service got from an MCP server.
func (a *answer) takeToolList(it item) {
	if it.Error != "" {
		a.warn("the service could not list the tools of the MCP server %q: %s", it.ServerLabel, it.Error)
		return
	}
	var tools []struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(it.Tools, &tools) // what is no list names nothing
	names := make([]string, len(tools))
	for i, t := range tools {
		names[i] = t.Name
	}
	a.warn("the service lists the tools of the MCP server %q: %s", it.ServerLabel, strings.Join(names, ", "))
}
