package responses_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestWhatAnAnswerSaysBesideAnErrorIsKept(t *testing.T) {
	const (
		stream   = "text/event-stream"
		output   = `"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"blue eleven"}]}]`
		overload = `"error":{"code":"server_error","message":"The model is overloaded."}`
		failed   = `{"object":"response","status":"failed",` + overload + "," + output + "}"
	)
	clienttest.Answers(t, opened, []clienttest.Answer{
		{
			Name: "beside an output", Body: failed,
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "beside an output, without a status", Body: "{" + output + "," + overload + "}",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "beside an output that is cut", Body: failed[:len(failed)-8], Cut: true,
			Text: "blue elev", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "in the last event", Stream: true, Type: stream, Body: "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":" + failed + "}\n\n",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "in the last event, which is cut", Stream: true, Type: stream, Body: "event: response.failed\ndata: {\"type\":\"response.failed\",\"response\":" + failed[:len(failed)-8], Cut: true,
			Text: "blue elev", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		},
	})
}
