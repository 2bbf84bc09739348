package chat_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestWhatAnAnswerSaysBesideAnErrorIsKept(t *testing.T) {
	const (
		stream   = "text/event-stream"
		said     = `"choices":[{"index":0,"message":{"role":"assistant","content":"blue eleven"},"finish_reason":"stop"}]`
		piece    = `"choices":[{"index":0,"delta":{"content":"blue eleven"}}]`
		overload = `"error":{"type":"server_error","code":"overloaded","message":"The model is overloaded."}`
	)
	clienttest.Answers(t, opened, []clienttest.Answer{
		{
			Name: "beside a message", Body: "{" + said + "," + overload + "}",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "in front of it", Body: "{" + overload + "," + said + "}",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "beside a message that is cut", Body: "{" + overload + "," + said[:70], Cut: true,
			Text: "blue el", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "of a choice", Body: `{"choices":[{"index":0,"error":{"code":502,"message":"Upstream is gone."},"message":{"content":"blue eleven"}}]}`,
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "Upstream is gone",
		}, {
			Name: "in an event", Stream: true, Type: stream, Body: "data: {" + piece + "," + overload + "}\n\n",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "of a choice in an event", Stream: true, Type: stream,
			Body: `data: {"choices":[{"index":0,"error":{"code":502,"message":"Upstream is gone."},"delta":{"content":"blue eleven"}}]}` + "\n\n",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "Upstream is gone",
		}, {
			Name: "of a filter", Body: `{"choices":[{"index":0,"message":{"content":"blue eleven"}}],"error":{"code":"content_filter","message":"Filtered."}}`,
			Text: "blue eleven", Finish: core.FinishBlocked, Says: "Filtered",
		},
	})
}
