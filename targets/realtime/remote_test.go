package realtime

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The events of calls of MCP servers.
func callsRemotely(response string) string {
	return fmt.Sprintf(`{"type":"response.output_item.added","response_id":%q,"item":{"id":"m","type":"mcp_call","name":"search","arguments":"{}"}}`, response)
}

func endsRemotely(response string) string {
	return fmt.Sprintf(`{"type":"response.output_item.done","response_id":%q,"item":{"id":"m","type":"mcp_call","name":"search","arguments":"{}","output":"found"}}`, response)
}

func inConversation(item string) string {
	return `{"type":"conversation.item.done","item":` + item + `}`
}

const (
	callRuns     = `{"type":"response.mcp_call.in_progress","item_id":"m"}`
	callEnds     = `{"type":"response.mcp_call.completed","item_id":"m"}`
	callFails    = `{"type":"response.mcp_call.failed","item_id":"m"}`
	foundRemote  = `{"id":"m","type":"mcp_call","name":"search","arguments":"{}","output":"found"}`
	askedRemote  = `{"id":"q","type":"mcp_approval_request","server_label":"bank","name":"search","arguments":"{}"}`
	calledRemote = `{"id":"m","type":"mcp_call","name":"search","arguments":"{}"}`
)

// remoteScripts are replies in the middle of which the service calls MCP servers.
func remoteScripts() map[string]script {
	all := map[string]script{
		"a call that ends after its response": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{2 * s, callRuns, ""},
				beat{3 * s, callEnds, ""}, beat{3 * s, endsRemotely("r"), ask}, beat{4 * s, created("r2"), ""}, beat{4 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call that ends before its response": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, callRuns, ""}, beat{3 * s, callEnds, ""}, beat{3 * s, endsRemotely("r"), ""},
				beat{3 * s, ended("r", "completed"), ask}, beat{4 * s, created("r2"), ""}, beat{4 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call whose end only its item tells": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{3 * s, inConversation(foundRemote), ask},
				beat{4 * s, created("r2"), ""}, beat{4 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call that fails": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{3 * s, callFails, ""}, beat{4*s - 1, "", ""}, beat{4 * s, "", ask},
				beat{4 * s, created("r2"), ""}, beat{4 * s, word("r2", "sorry"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: sorry"},
		},
		"a call that is answered in the same response": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, endsRemotely("r"), ""}, beat{2 * s, word("r", "nine"), ""}, beat{3 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call that follows what is said": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, word("r", "wait "), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{3 * s, endsRemotely("r"), ask},
				beat{4 * s, created("r2"), ""}, beat{4 * s, `{"type":"response.output_text.delta","response_id":"r2","item_id":"o2","delta":"nine"}`, ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: wait \nnine"},
		},
		"two calls are awaited": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, strings.ReplaceAll(callsRemotely("r"), `"m"`, `"n"`), ""}, beat{1 * s, ended("r", "completed"), ""},
				beat{2 * s, callEnds, ""}, beat{3 * s, strings.ReplaceAll(callEnds, `"m"`, `"n"`), ""}, beat{4 * s, "", ask}, beat{4 * s, created("r2"), ""}, beat{4 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call beside one of the campaign's functions, which answers first": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, `{"type":"response.output_item.done","response_id":"r","item":{"id":"f","type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`, ""},
				beat{1 * s, endsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: "},
		},
		"a service that goes on by itself": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{2 * s, created("r2"), ""}, beat{2 * s, callEnds, ""},
				beat{3 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a service that goes on by itself, and says so": {
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{2 * s, endsRemotely("r"), ask},
				beat{2 * s, objects("conversation_already_has_active_response", "ev_3"), ""}, beat{2 * s, created("r2"), ""}, beat{3 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a call that never ends": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{2*m - 1, "", ""}, beat{2 * m, "", ""}),
			replies: []string{"unconfirmed: "}, detail: `did not end its call of "search" within 2m0s`, outOfSync: true,
		},
		"a call that nothing follows": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, endsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ask}, beat{31*s - 1, "", ""}, beat{31 * s, "", ""}),
			replies: []string{"unconfirmed: "}, detail: "did not answer within 31s after it called MCP servers", outOfSync: true,
		},
		"a call in a response that failed": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "incomplete"), ""}),
			replies: []string{"truncated: "},
		},
		"a caller who leaves while a call runs": {
			leaves:  12 * s,
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{9500*ms - 1, "", ""}, beat{9500 * ms, "", ""}),
			replies: []string{"unconfirmed: "}, detail: `did not end its call of "search" within 9.5s`, outOfSync: true,
		},
		"a connection that is lost while a call runs": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{1 * s, ended("r", "completed"), ""}, beat{2 * s, loses, ""}),
			replies: []string{"broken: "}, kind: core.ErrorUnavailable, says: "lost", outOfSync: true,
		},
	}
	for name, test := range approvalScripts() {
		all[name] = test
	}
	return all
}

const m = 60 * s

// approvalScripts are replies in which the service asks whether it may make a call.
func approvalScripts() map[string]script {
	approves := func(c *Config) { c.Approve = []string{"search"} }
	return map[string]script{
		"a request for approval while the response goes on": { // it ends with the call
			config: approves,
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, inConversation(askedRemote), item}, beat{2 * s, inConversation(askedRemote), ""},
				beat{3 * s, callRuns, ""}, beat{4 * s, callEnds, ""}, beat{4 * s, endsRemotely("r"), ""}, beat{4 * s, ended("r", "completed"), ask},
				beat{5 * s, created("r2"), ""}, beat{5 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a request for approval before the response ends": {
			config: approves,
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, inConversation(askedRemote), item}, beat{3 * s, ended("r", "completed"), ""},
				beat{4 * s, callEnds, ""}, beat{4 * s, endsRemotely("r"), ask}, beat{5 * s, created("r2"), ""}, beat{5 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a request for approval after the response has ended": {
			config: approves,
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, ended("r", "completed"), ""}, beat{2 * s, inConversation(askedRemote), item},
				beat{4 * s, callEnds, ""}, beat{4 * s, endsRemotely("r"), ask}, beat{5 * s, created("r2"), ""}, beat{5 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a request for approval as an item of the response, and the call as one of its own": {
			config: approves,
			beats: asked(beat{1 * s, created("r"), ""}, beat{1 * s, `{"type":"response.output_item.done","response_id":"r","item":` + askedRemote + `}`, item}, beat{2 * s, ended("r", "completed"), ""},
				beat{4 * s, inConversation(foundRemote), ask}, beat{5 * s, created("r2"), ""}, beat{5 * s, word("r2", "nine"), ""}, beat{5 * s, ended("r2", "completed"), ""}),
			replies: []string{"complete: nine"},
		},
		"a request for approval that nobody answers": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, inConversation(askedRemote), ""}, beat{3 * s, ended("r", "completed"), ""}),
			replies: []string{"complete: "},
		},
		"a request for approval that nobody answers, after the response": {
			beats:   asked(beat{1 * s, created("r"), ""}, beat{1 * s, callsRemotely("r"), ""}, beat{2 * s, ended("r", "completed"), ""}, beat{3 * s, inConversation(askedRemote), ""}),
			replies: []string{"complete: "},
		},
		"an approval of the campaign": {
			terms: func(t *terms) { t.remote = map[string]string{"q": typeMCPApproval} }, messages: []core.Message{decided("approve")},
			beats:   []beat{{0, begins, item}, {1 * s, callRuns, ""}, {2 * s, callEnds, ""}, {2 * s, inConversation(foundRemote), ask}, {3 * s, created("r2"), ""}, {3 * s, word("r2", "nine"), ""}, {4 * s, ended("r2", "completed"), ""}},
			replies: []string{"complete: nine"},
		},
		"an approval of the campaign after which the service goes on by itself": {
			terms: func(t *terms) { t.remote, t.labels = map[string]string{"q": typeMCPApproval}, true }, messages: []core.Message{decided("approve")},
			beats:   []beat{{0, begins, item}, {1 * s, callRuns, ""}, {3 * s, created("r2"), ""}, {3 * s, callEnds, ""}, {3 * s, word("r2", "nine"), ""}, {4 * s, ended("r2", "completed"), ""}},
			replies: []string{"complete: nine"},
		},
		"an approval of the campaign after which nothing comes": {
			terms: func(t *terms) { t.remote = map[string]string{"q": typeMCPApproval} }, messages: []core.Message{decided("approve")},
			beats: []beat{{0, begins, item}, {2*m - 1, "", ""}, {2 * m, "", cancel}, {2*m + 2*s - 1, "", ""}, {2*m + 2*s, "", ""}},
			kind:  core.ErrorTimeout, says: "did not end the call that was approved within 2m", outOfSync: true,
		},
		"a result of the campaign for a call that the service makes": {
			terms: func(t *terms) { t.remote = map[string]string{"q": typeMCPCall} }, messages: []core.Message{decided("mine")},
			beats:   []beat{{0, begins, ask}, {3 * s, created("r2"), ""}, {3 * s, word("r2", "nine"), ""}, {4 * s, ended("r2", "completed"), ""}},
			replies: []string{"complete: nine"},
		},
		"a refusal of the campaign": {
			terms: func(t *terms) { t.remote = map[string]string{"q": typeMCPApproval} }, messages: []core.Message{decided("deny: no")},
			beats:   []beat{{0, begins, item + " " + ask}, {1 * s, callFails, ""}, {3 * s, created("r2"), ""}, {3 * s, word("r2", "sorry"), ""}, {4 * s, ended("r2", "completed"), ""}},
			replies: []string{"complete: sorry"},
		},
	}
}

// decided is the answer of a campaign to the request for approval q.
func decided(output string) core.Message {
	return core.Message{Role: core.Tool, Parts: []core.Part{{Value: core.Value{
		Modality: core.ToolResult, MediaType: core.MediaJSON, Data: fmt.Appendf(nil, `{"call_id":"q","output":%q}`, output),
	}}}}
}

func TestAModelThatCallsMCPServersForEverIsNotFollowedForEver(t *testing.T) {
	beats := asked()
	for i := range maxRounds + 1 {
		id := fmt.Sprintf("r%d", i)
		sends := ask
		if i == maxRounds {
			sends = ""
		}
		beats = append(beats, beat{1 * s, created(id), ""}, beat{1 * s, strings.ReplaceAll(endsRemotely(id), `"m"`, fmt.Sprintf(`"m%d"`, i)), ""}, beat{1 * s, ended(id, "completed"), sends})
	}
	script{beats: beats, replies: []string{"unconfirmed: "}, detail: "called MCP servers 16 times in a row"}.play(t)
}

func TestTheUsageOfAllResponsesOfAReplyIsCounted(t *testing.T) {
	x, now := fedTurn(t, false, 1<<30)
	done := func(id string) string {
		return fmt.Sprintf(`{"type":"response.done","response":{"id":%q,"status":"completed","usage":{"input_tokens":3,"output_tokens":4,"output_token_details":{"audio_tokens":2}}}}`, id)
	}
	for _, frame := range []string{created("r"), endsRemotely("r"), done("r"), created("r2"), word("r2", "nine"), done("r2")} {
		happens(t, x, frame, now)
	}
	if len(x.finished) != 1 {
		t.Fatalf("%d turns, %v", len(x.finished), x.err)
	}
	if got, want := x.finished[0].reply.Usage, (core.Usage{InputTokens: 6, OutputTokens: 8, OutputAudioTokens: 4}); got != want {
		t.Errorf("usage %+v, want %+v", got, want)
	}
}
