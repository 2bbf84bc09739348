package realtime_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAFloodOfErrorsDoesNotFillTheReply(t *testing.T) {
	page := strings.Repeat("x", 100<<10)
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		for range 30 {
			s.say(`{"type":"error","error":{"type":"invalid_request_error","message":"` + page + `"}}`)
		}
		s.say(response("r1", "yes")...)
	}), settings{"timeouts": settings{"cancel": "1m"}})
	size := 0
	for _, w := range send(t, c, core.UserText("hello")).Warnings {
		size += len(w)
	}
	if size > 100<<10 {
		t.Errorf("the warnings have %d bytes", size)
	}
}

func TestALimitOfTheReplyHoldsForWhateverEventBringsIt(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	created := `{"type":"response.created","response":{"id":"r"}}`
	done := func(more string) string {
		return `{"type":"response.done","response":{"id":"r","status":"completed"` + more + `}}`
	}
	for name, frames := range map[string][]string{
		"final text":       {created, `{"type":"response.output_text.done","response_id":"r","item_id":"o","text":"` + long + `"}`, done("")},
		"response.done":    {created, done(`,"output":[{"id":"o","type":"message","content":[{"type":"output_text","text":"` + long + `"}]}]`)},
		"call in the done": {created, done(`,"output":[{"id":"o","type":"function_call","call_id":"c","name":"n","arguments":"` + long + `"}]`)},
		"content filter": {
			created, `{"type":"response.output_text.delta","response_id":"r","item_id":"o","delta":"` + long + `"}`,
			`{"type":"response.done","response":{"id":"r","status":"incomplete","status_details":{"reason":"content_filter"}}}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := talkTo(t, scripted(t, func(s *service) {
				s.await("response.create")
				s.say(frames...)
			}), settings{"max_reply_bytes": 1000})
			reply := send(t, c, core.UserText("hello"))
			if reply.Finish != core.FinishTruncated || !strings.Contains(reply.Detail, "max_reply_bytes") {
				t.Errorf("finish %q (%s)", reply.Finish, reply.Detail)
			}
		})
	}
}

func TestAReplyHasALimitedNumberOfPieces(t *testing.T) {
	c := talkTo(t, scripted(t, func(s *service) {
		s.await("response.create")
		s.say(`{"type":"response.created","response":{"id":"r"}}`)
		for i := range 2000 {
			s.say(fmt.Sprintf(`{"type":"response.output_text.delta","response_id":"r","item_id":"o","content_index":%d,"delta":"x"}`, i))
		}
		s.say(`{"type":"response.done","response":{"id":"r","status":"completed"}}`)
	}), nil)
	reply := send(t, c, core.UserText("hello"))
	if n := len(reply.Message.Parts); reply.Finish != core.FinishTruncated || n > 1000 {
		t.Errorf("%d parts, finish %q (%s)", n, reply.Finish, reply.Detail)
	}
}
