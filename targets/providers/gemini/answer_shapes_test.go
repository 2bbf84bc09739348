package gemini_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/clienttest"
)

func TestWhatBecomesOfAnswersThatAreErrorsToo(t *testing.T) {
	const (
		said      = `{"candidates":[{"content":{"parts":[{"text":"blue eleven"}]}}]}`
		overload  = `{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}`
		internal  = `{"error":{"code":500,"message":"Something else broke.","status":"INTERNAL"}}`
		guardrail = `{"error":{"message":"Violated guardrail policy"}}`
		ofADay    = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]}]}}`
	)
	clienttest.Answers(t, opened, []clienttest.Answer{
		{
			Name: "what came before an error in a list is kept", Body: "[" + said + "," + overload + "]",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "also where the list is cut within the error", Body: "[" + said + "," + overload[:40], Cut: true,
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "and where it ends there", Body: "[" + said + "," + overload[:40],
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable,
		}, {
			Name: "what stands beside an error is kept", Body: said[:len(said)-1] + "," + overload[1:],
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "also in a stream", Stream: true, Type: "text/event-stream", Body: "data: " + said[:len(said)-1] + "," + overload[1:] + "\n\n",
			Text: "blue eleven", Finish: core.FinishBroken, Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "of several errors the first counts", Body: "[" + overload + "," + internal + "]",
			Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "also in a refusal", Status: 503, Body: "[" + overload + "," + internal + "]",
			Kind: core.ErrorUnavailable, Says: "overloaded",
		}, {
			Name: "a quota of the day in a list", Status: 429, Body: "[" + ofADay + "," + internal + "]",
			Kind: core.ErrorAuth, Says: "Quota exceeded",
		}, {
			Name: "a filter's refusal is a reply that is blocked", Status: 400, Body: guardrail,
			Finish: core.FinishBlocked, Says: "Violated guardrail policy",
		}, {
			Name: "with the status of a limit it is a limit", Status: 429, Body: guardrail,
			Kind: core.ErrorRateLimited, Says: "Violated guardrail policy",
		}, {
			Name: "and with that of a failure a failure", Status: 500, Body: guardrail,
			Kind: core.ErrorUnavailable, Says: "Violated guardrail policy",
		}, {
			Name: "a filter's error in a stream keeps what came", Stream: true, Type: "text/event-stream",
			Body: "data: " + said + "\n\ndata: " + guardrail + "\n\n",
			Text: "blue eleven", Finish: core.FinishBlocked, Says: "Violated guardrail policy",
		}, {
			Name:   "the categories of a block are in the order of the alphabet, each once",
			Body:   `{"candidates":[{"finishReason":"SAFETY","safetyRatings":[{"category":"B","blocked":true},{"category":"C"},{"category":"A","probability":"HIGH","blocked":true},{"category":"B","blocked":true}]}]}`,
			Finish: core.FinishBlocked, Says: "SAFETY (A (HIGH), B)",
		}, {
			Name: "a call that the model got wrong", Body: `{"candidates":[{"content":{"parts":[{"text":"Let me look."}]},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"print(x"}]}`,
			Text: "Let me look.", Finish: core.FinishBroken, Kind: core.ErrorProtocol, Says: "MALFORMED_FUNCTION_CALL: print(x",
		},
	})
}
