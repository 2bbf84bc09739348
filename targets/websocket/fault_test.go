package wstarget_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

// faultCase is a service with its configuration.
type faultCase struct {
	serve  func(talk)
	config keys
	want   outcome
}

func cases() map[string]faultCase {
	const complete, broken, unconfirmed = core.FinishComplete, core.FinishBroken, core.FinishUnconfirmed
	stream := keys{"reply": keys{"text": ".t // empty", "end": `.type == "end"`}}
	ruled := func(is string) keys {
		return keys{"reply": keys{"text": ".t // empty", "end": ".end"}, "rules": []any{keys{"jq": ".error", "is": is, "say": ".error"}}}
	}
	return map[string]faultCase{
		"one message":                 {answering("hi"), nil, outcome{text: "hi", finish: complete}},
		"a number":                    {answering("42"), nil, outcome{text: "42", finish: complete}},
		"pieces":                      {answering(`{"t":"a"}`, `{"type":"typing"}`, `{"t":"b"}`, `{"type":"end"}`), stream, outcome{text: "ab", finish: complete}},
		"an end and nothing":          {answering(`{"type":"end"}`), stream, outcome{finish: unconfirmed, detail: "answered with nothing"}},
		"an end and what is not seen": {answering(`{"t":"\u200b \ufeff"}`, `{"type":"end"}`), stream, outcome{text: "\u200b \ufeff", finish: unconfirmed, detail: "answered with nothing"}},
		"half a character":            {answering(`{"t":"It is \ufffd"}`, `{"type":"end"}`), stream, outcome{text: "It is \ufffd", finish: core.FinishTruncated, detail: "middle of a character"}},
		"an end with the text":        {answering(`{"t":"a","type":"end"}`), stream, outcome{text: "a", finish: complete}},
		"a regular expression":        {answering("Bot> yes <"), keys{"reply": keys{"regex": "Bot> (.*) <"}}, outcome{text: "yes", finish: complete}},
		"quiet":                       {answering(`{"t":"a"}`), keys{"reply": keys{"text": ".t", "quiet": "300ms"}}, outcome{text: "a", finish: unconfirmed, detail: "nothing came for 300ms"}},
		"a filter":                    {answering(`{"t":"I "}`, `{"error":"policy 7"}`), ruled("blocked"), outcome{text: "I ", finish: core.FinishBlocked, detail: "policy 7"}},
		"a cut":                       {answering(`{"t":"I "}`, `{"error":"length"}`), ruled("truncated"), outcome{text: "I ", finish: core.FinishTruncated, detail: "length"}},
		"an error":                    {answering(`{"error":"no model"}`), ruled("error"), outcome{kind: core.ErrorProtocol, says: "no model"}},
		"an error with a piece":       {answering(`{"t":"x","error":"no model"}`), ruled("error"), outcome{text: "x", finish: broken, kind: core.ErrorProtocol, says: "no model"}},
		"who are you, with a piece":   {answering(`{"t":"x","error":"who are you"}`), ruled("auth"), outcome{kind: core.ErrorAuth, says: "who are you"}},
		"an error without a place":    {answering("ERROR x"), keys{"rules": []any{keys{"regex": "ERROR", "is": "error"}}}, outcome{kind: core.ErrorProtocol, says: "answered with an error"}},
		"an error with an odd piece":  {answering(`{"t":5,"error":"no model"}`), ruled("error"), outcome{kind: core.ErrorProtocol, says: "no model"}},
		"an error after a piece":      {answering(`{"t":"the code"}`, `{"error":"no model"}`), ruled("unavailable"), outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "no model"}},
		"a limit":                     {answering(`{"error":"slow down"}`), ruled("rate_limited"), outcome{kind: core.ErrorRateLimited, says: "slow down"}},
		"refused credentials":         {answering(`{"error":"who are you"}`), ruled("auth"), outcome{kind: core.ErrorAuth, says: "who are you"}},
		"an ignored event":            {answering(`{"error":"a hint","t":"x"}`, `{"t":"a","end":true}`), ruled("ignored"), outcome{text: "a", finish: complete}},
		"a rule that ends":            {answering(`{"t":"a"}`, `{"error":"fine"}`), ruled("complete"), outcome{text: "a", finish: complete}},
		"too long":                    {answering(`{"t":"aaaaaaaaaa"}`, `{"t":"b"}`, `{"type":"end"}`), with(stream, "max_reply_bytes", 4), outcome{text: "aaaa", finish: core.FinishTruncated, detail: "max_reply_bytes"}},
		"too long an event":           {answering(strings.Repeat("x", 5000)), keys{"max_message_bytes": 100}, outcome{kind: core.ErrorProtocol, says: "more than 100 bytes"}},
		"no text":                     {answering(`{"t":5}`), stream, outcome{kind: core.ErrorProtocol, says: "reply.text gives"}},
		"binary":                      {each(func(c talk, _ string) { _ = c.WriteMessage(websocket.BinaryMessage, []byte("x")) }), nil, outcome{kind: core.ErrorProtocol, says: "binary message"}},
		"nothing":                     {answering(), keys{"timeouts": keys{"turn": "300ms"}}, outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a piece and nothing":         {answering(`{"t":"the code"}`), with(stream, "timeouts", keys{"turn": "300ms"}), outcome{text: "the code", finish: broken, kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a lost connection":           {thenClosed(0, `{"t":"the code"}`), stream, outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "connection was lost"}},
		"a close":                     {thenClosed(1000, `{"t":"the code"}`), stream, outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "close 1000"}},
		"going away":                  {thenClosed(1001), stream, outcome{kind: core.ErrorUnavailable, says: "close 1001"}},
		"a protocol error":            {thenClosed(1002), stream, outcome{kind: core.ErrorProtocol, says: "close 1002"}},
		"a policy":                    {thenClosed(1008), stream, outcome{kind: core.ErrorAuth, says: "close 1008"}},
		"a greeting": {func(c talk) {
			c.say(`{"t":"Welcome."}`)
			c.say(`{"type":"end"}`)
			answering(`{"t":"a"}`, `{"type":"end"}`)(c)
		}, with(stream, "greeting", true), outcome{text: "a", finish: complete, warns: "before the first turn the service said: Welcome."}},
		"ready and taken": {func(c talk) {
			if got := c.object(); got["token"] != "s3cret" {
				return
			}
			c.say(`{"type":"session","id":17}`)
			c.say(fmt.Sprintf(`{"t":%q,"type":"end"}`, fmt.Sprint(c.object())))
			c.read()
		}, with(stream, "opening", []any{keys{"token": "$(secrets.KEY)"}}, "secrets", keys{"KEY": "s3cret"}, "ready", `.type == "session"`,
			"take", keys{"id": ".id"}, "message", []any{keys{"s": "$(taken.id)", "n": "$(turn)", "text": "<$(prompt)> $$(x)"}}), outcome{text: "map[n:1 s:17 text:<hello \"you\"> $(x)]", finish: complete}},
		"an answered ping": {each(func(c talk, text string) {
			if !strings.Contains(text, "pong") {
				c.say(`{"type":"ping","n":3}`)
				return
			}
			c.say(fmt.Sprintf(`{"t":%q,"type":"end"}`, text))
		}), with(stream, "answers", []any{keys{"when": `.type == "ping"`, "send": `{type: "pong", n}`}}), outcome{text: `{"n":3,"type":"pong"}`, finish: complete}},
		"a text beside an error": {
			answering(`{"t":"blue eleven","type":"error"}`), with(stream, "rules", []any{keys{"jq": `.type == "error"`, "is": "error"}}),
			outcome{text: "blue eleven", finish: core.FinishBroken, kind: core.ErrorProtocol, says: "answered with an error"},
		},
		"the words of a refusal": {
			answering(`{"t":"slow down","type":"error"}`), with(stream, "rules", []any{keys{"jq": `.type == "error"`, "is": "rate_limited"}}),
			outcome{kind: core.ErrorRateLimited, says: "because of its limits"},
		},
		"a missing value": {answering(), with(stream, "take", keys{"id": ".id"}, "message", []any{"$(taken.id): $(prompt)"}), outcome{kind: core.ErrorProtocol, says: "no event has held"}},
	}
}

func TestWhatAServiceSendsIsTakenForWhatItIs(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		all := cases()
		maps.Copy(all, wireCases())
		maps.Copy(all, closeCases())
		for name, test := range all {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := begin(t, opened(t, s, config(serve(t, test.serve), test.config)), core.Start{})
				reply, err := c.Send(t.Context(), core.UserText(`hello "you"`))
				test.want.check(t, reply, err)
				if err != nil && core.SubjectOf(err) == core.SubjectReachability {
					t.Errorf("the error speaks of reachability: %v", err)
				}
			})
		}
	})
}
