package anthropic_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestWhatBecomesOfAnswersThatAreErrorsToo(t *testing.T) {
	const (
		stream    = "text/event-stream"
		said      = `data: {"type":"message_start","message":{"content":[]}}` + "\n\n" + `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"blue eleven"}}` + "\n\n"
		overload  = `{"type":"error","error":{"type":"overloaded_error","message":"The model is overloaded."}}`
		guardrail = `{"type":"error","error":{"message":"Output blocked by content filtering policy"}}`
	)
	clienttest.Answers(t, opened, []clienttest.Answer{
		{
			Name: "what came before an error is kept", Stream: true, Type: stream, Body: said + "data: " + overload + "\n\n",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "also where the stream is cut within the error", Stream: true, Type: stream, Body: said + "event: error\ndata: " + overload[:60], Cut: true,
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "and where it ends there", Stream: true, Type: stream, Body: said + "event: error\ndata: " + overload[:60],
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "an error that is cut is no answer", Body: overload[:60], Cut: true, Kind: core.ErrorUnavailable,
		}, {
			Name: "what stands beside an error is kept", Body: `{"type":"message","content":[{"type":"text","text":"blue eleven"}],"error":{"type":"overloaded_error","message":"Busy."}}`,
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "Busy",
		}, {
			Name: "also where it is cut", Body: `{"error":{"type":"overloaded_error","message":"Busy."},"content":[{"type":"text","text":"blue ele`, Cut: true,
			Text: "blue ele", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "a filter's refusal is a reply that is blocked", Status: 400, Body: guardrail,
			Finish: core.FinishBlocked, Says: "content filtering policy",
		}, {
			Name: "with the status of a limit it is a limit", Status: 429, Body: guardrail,
			Kind: core.ErrorRateLimited, Says: "content filtering policy",
		}, {
			Name: "and with that of a failure a failure", Status: 500, Body: guardrail,
			Kind: core.ErrorUnavailable, Says: "content filtering policy",
		}, {
			Name: "a filter's error in a stream keeps what came", Stream: true, Type: stream, Body: said + "data: " + guardrail + "\n\n",
			Text: "blue eleven", Finish: core.FinishBlocked, Says: "content filtering policy",
		},
	})
}
