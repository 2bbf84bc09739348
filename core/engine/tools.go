package engine

import (
	"cmp"
	"context"
	"encoding/json"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// maxToolResults bounds the message that answers the calls of one reply, in
// bytes: a target may call the same tool any number of times.
const maxToolResults = 16 << 20

// toolCall is what the engine reads of a part that calls a tool.
type toolCall struct {
	ID   string `json:"call_id"`
	Name string `json:"name"`
}

// readCall reads a part that calls a tool.
func readCall(v core.Value) (toolCall, error) {
	var call toolCall
	err := json.Unmarshal(v.Data, &call)
	if err == nil && (call.ID == "" || call.Name == "") {
		err = core.Errorf(core.ErrorProtocol, "a call of a tool needs call_id and name")
	}
	return call, err
}

// toolResult is a part that answers one.
type toolResult struct {
	ID     string `json:"call_id"`
	Output string `json:"output"`
}

// toolResults returns what the campaign answers to the tools that a reply
// calls: a message without parts where that is nothing, and as far as it came
// with an error where it would be too large.
func (h *holding) toolResults(turn int, reply core.Message) (core.Message, error) {
	m := core.Message{Role: core.Tool}
	size := 0
	for _, v := range reply.Of(core.ToolCall) {
		call, err := readCall(v)
		if err != nil {
			h.warn(h.info, "turn %d: the target's call of a tool is not {call_id, name, arguments}", turn+1)
			continue
		}
		output, known := h.trial.ToolResults[call.Name]
		if !known {
			h.warn(h.info, "turn %d: the target calls the tool %q, which tool_results does not answer", turn+1, call.Name)
			continue
		}
		data, err := json.Marshal(toolResult{call.ID, output})
		if err != nil {
			continue // texts always encode
		}
		if size += len(data); size > maxToolResults {
			return m, core.Errorf(core.ErrorProtocol, "the target calls so many tools at once that the results are larger than the %d MiB allowed", maxToolResults>>20)
		}
		m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}})
	}
	return m, nil
}

// answerTools answers the tools that the target calls in its last reply, and in
// the replies to that, and adds those replies to the answer. failed is the turn
// that was not answered, if there is one. The error is as that of say.
func (h *holding) answerTools(ctx context.Context, conversation core.Conversation, a *answer) (failed *record.Turn, err error) {
	for round := 0; ; round++ {
		last := a.last()
		results, failure := h.toolResults(last.Index, last.reply.Message)
		if failure != nil {
			turn := record.Turn{Started: h.Now(), Sent: results}
			return &turn, cmp.Or(h.recordFailed(ctx, &turn, failure), interrupted(ctx))
		}
		if len(results.Parts) == 0 {
			return nil, nil
		}
		if round == plan.MaxToolRounds {
			h.warn(h.info, "turn %d: the target has called tools %d times in a row; it gets no answer any more", last.Index+1, round+1)
			return nil, nil
		}
		turns, failed, err := h.say(ctx, conversation, []core.Message{results})
		if err != nil || failed != nil {
			return failed, err
		}
		h.observe(record.TurnEnded{Trial: h.info, Turn: last.Turn})
		h.hear(turns[0])
		a.turns = append(a.turns, turns[0])
	}
}
