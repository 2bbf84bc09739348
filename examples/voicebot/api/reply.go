package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/fault"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// Reasons why a reply is over.
const (
	finishStop   = "stop"
	finishLength = "length"
	finishCalls  = "tool_calls"
	finishFilter = "content_filter"
)

// question is a conversation, with what the client allows for its reply.
type question struct {
	instructions string
	items        []realtimetest.Item
	tools        []realtimetest.Tool
	// parallel says that the reply may have more than one call.
	parallel bool
	// required says that the reply has to be a call.
	required bool
	// most is the most words of the reply; 0 means no limit.
	most int
	// stops are texts before which the reply ends.
	stops []string
}

// reply is what the agent answers.
type reply struct {
	text    string
	refusal string
	calls   []call
	// stopped is the text of the client's that ended the reply, or "".
	stopped string
	finish  string
	// spoken is the audio of the reply, nil for none.
	spoken *spoken
	// asked and said are the words of the question and the reply, which are reported
	// as tokens.
	asked, said int
}

type call struct {
	id string
	realtimetest.ToolCall
}

// think has the agent answer a question; kind is what goes wrong with the reply.
func (s *Server) think(ctx context.Context, q question, kind fault.Kind) (reply, error) {
	r := reply{finish: finishStop, asked: words(q.instructions)}
	for _, item := range q.items {
		r.asked += words(item.Text)
	}
	calls, err := s.useTools(ctx, q)
	if err != nil {
		return r, err
	}
	for _, c := range calls {
		r.calls, r.finish = append(r.calls, call{newID("call_"), c}), finishCalls
		r.said += words(c.Arguments)
	}
	if r.calls != nil {
		return r, nil
	}
	if r.text, err = s.agent.Answer(ctx, q.instructions, q.items); err != nil {
		return r, fmt.Errorf("answering: %w", err)
	}
	r.bound(q)
	r.misbehave(kind)
	r.said = words(r.text) + words(r.refusal)
	return r, nil
}

func (s *Server) useTools(ctx context.Context, q question) ([]realtimetest.ToolCall, error) {
	user, able := s.agent.(realtimetest.ToolUser)
	if !able || len(q.tools) == 0 {
		return nil, nil
	}
	calls, err := user.UseTools(ctx, q.instructions, q.items, q.tools)
	if err != nil {
		return nil, fmt.Errorf("using tools: %w", err)
	}
	if len(calls) == 0 && q.required {
		calls = []realtimetest.ToolCall{{Name: q.tools[0].Name, Arguments: "{}"}}
	}
	if len(calls) > 1 && !q.parallel {
		calls = calls[:1]
	}
	return calls, nil
}

// bound ends the text where the client wants it to end.
func (r *reply) bound(q question) {
	for _, stop := range q.stops {
		if before, _, found := strings.Cut(r.text, stop); found && stop != "" {
			r.text, r.stopped = before, stop
		}
	}
	if q.most > 0 && words(r.text) > q.most {
		r.text, r.finish = first(r.text, q.most), finishLength
	}
}

// misbehave changes a reply as a fault says.
func (r *reply) misbehave(kind fault.Kind) {
	half := first(r.text, words(r.text)/2)
	switch kind {
	case realtimetest.EmptyReply:
		r.text = ""
	case realtimetest.ContentFilter:
		r.text, r.finish = half, finishFilter
	case realtimetest.Truncated:
		r.text, r.finish = half, finishLength
	case fault.Refusal:
		r.text, r.refusal = "", "I'm sorry, but I can't help with that."
	}
}

// words returns the number of words of a text, which is reported as its tokens.
func words(text string) int { return len(strings.Fields(text)) }

// first returns the first words of a text.
func first(text string, n int) string {
	all := strings.Fields(text)
	return strings.Join(all[:min(n, len(all))], " ")
}

// pieces returns a text word by word; together they are the text.
func pieces(text string) []string {
	if text == "" {
		return nil
	}
	return strings.SplitAfter(text, " ")
}
