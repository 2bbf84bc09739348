package wstarget_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

// quotes breaks a message that is not encoded for where it stands.
const quotes = "say \"hi\"\n"

func TestEveryFormOfAMessageArrivesAsItIs(t *testing.T) {
	cases := map[string]struct{ message, prompt, want string }{
		"JSON":                      {`{"text": "<$(prompt)>", "n": "$(turn)"}`, quotes, `{"text":"<say \"hi\"\n>","n":1}`},
		"JSON written as a text":    {`"{\"text\":\"$(prompt)\", \"n\": $(turn)}"`, quotes, `{"text":"say \"hi\"\n", "n": 1}`},
		"a text":                    {`"$(prompt)"`, quotes, quotes},
		"a text around JSON":        {`"42[\"say\",$(prompt|json)]"`, quotes, `42["say","say \"hi\"\n"]`},
		"a key":                     {`{"$(prompt)": {"$(turn)": 1}, "$$(x)": 2}`, quotes, `{"say \"hi\"\n":{"1":1},"$(x)":2}`},
		"a filter":                  {`{"text": "$(prompt|base64)"}`, quotes, `{"text":"c2F5ICJoaSIK"}`},
		"raw":                       {`"{\"text\":$(prompt|raw)}"`, quotes, "{\"text\":say \"hi\"\n}"},
		"a lone surrogate":          {`{"text": "$(prompt)"}`, "a\xed\xa0\x80b", `{"text":"a\ud800b"}`},
		"a lone surrogate, as text": {`"{\"text\":\"$(prompt)\"}"`, "a\xed\xa0\x80b", `{"text":"a\ud800b"}`},
		"the order of keys":         {`{"b": 1.0, "a": "$(prompt)"}`, "x", `{"b":1.0,"a":"x"}`},
	}
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		for name, test := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := begin(t, opened(t, s, config(echo(t), keys{"message": []any{json.RawMessage(test.message)}})), core.Start{})
				reply, err := c.Send(t.Context(), core.UserText(test.prompt))
				outcome{text: test.want, finish: core.FinishComplete}.check(t, reply, err)
			})
		}
	})
}

func TestATextThatNoMessageCanCarryIsRefusedAndTheConversationGoesOn(t *testing.T) {
	for _, message := range []string{`{"text": "$(prompt)"}`, `"$(prompt)"`, `{"text": "$(prompt|bytes)"}`} {
		c := begin(t, opened(t, inProcess{}, config(echo(t), keys{"message": []any{json.RawMessage(message)}})), core.Start{})
		_, err := c.Send(t.Context(), core.UserText("a\xffb"))
		if core.KindOf(err) != core.ErrorInput || !strings.Contains(core.HintOf(err), "$(prompt|base64)") {
			t.Errorf("%s: %v (%s), hint %q", message, err, core.KindOf(err), core.HintOf(err))
		}
		if reply, err := c.Send(t.Context(), core.UserText("b")); err != nil || !strings.Contains(reply.Message.Text(), "b") {
			t.Errorf("%s: afterwards %q, %v", message, reply.Message.Text(), err)
		}
	}
}

func TestTheHistoryHasWhatWasSpokenAndTheCallsOfTools(t *testing.T) {
	said := core.TextValue("Good morning.")
	call := core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c1","name":"look","arguments":{"n":1}}`)}
	result := core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c1","output":"nothing"}`)}
	c := begin(t, opened(t, inProcess{}, config(echo(t), keys{"message": []any{"$(history)$(prompt)"}})), core.Start{History: []core.Message{
		{Role: core.User, Parts: []core.Part{{Value: tone(50*time.Millisecond, 8000), Original: &said}}},
		{Role: core.Assistant, Parts: []core.Part{{Value: call}}},
		{Role: core.Tool, Parts: []core.Part{{Value: result}}},
	}})
	reply, err := c.Send(t.Context(), core.UserText("x"))
	outcome{finish: core.FinishComplete, text: `[{"content":"Good morning.","role":"user"},` +
		`{"content":"","role":"assistant","tool_calls":[{"function":{"arguments":"{\"n\":1}","name":"look"},"id":"c1","type":"function"}]},` +
		`{"content":"nothing","role":"tool","tool_call_id":"c1"}]x`}.check(t, reply, err)
}

func TestAMistakeInAMessageIsToldWithItsKeyAndWhatWouldBeRight(t *testing.T) {
	for config, want := range map[string]string{
		`{"url": "ws://localhost", "greeting": false, "message": ["$(promt)"]}`:                                   `message[0]: there is no placeholder "promt" here (did you mean "prompt"?)`,
		`{"url": "ws://localhost", "greeting": false, "message": [{"$(promt)": 1}]}`:                              `message[0]: there is no placeholder "promt" here (did you mean "prompt"?)`,
		`{"url": "ws://localhost", "greeting": false, "message": ["$(prompt|jsn)"]}`:                              `message[0]: there is no filter "jsn" here (did you mean "json"?)`,
		`{"url": "ws://localhost", "greeting": false, "message": ["$(taken.sesion)"], "take": {"session": ".s"}}`: `message[0]: there is no placeholder "taken.sesion" here (did you mean "taken.session"?)`,
		`{"url": "ws://localhost", "greeting": false, "sound": {"message": {"a": "$(sond)"}}}`:                    `sound.message: there is no placeholder "sond" here (did you mean "sound"?)`,
		`{"url": "ws://localhost", "greeting": false, "sound": {"message": {"a": "$(sound"}}}`:                    `sound.message: a "$(" begins no placeholder`,
		`{"url": "ws://localhost", "greeting": false, "sound": {"before": [{"a": "$(sound_time)"}]}}`:             `sound.before[0]: there is no placeholder "sound_time" here`,
		`{"url": "ws://localhost", "greeting": false, "reply": {"end": "$trun == 1"}}`:                            `reply.end: there is no variable "trun" here (did you mean "turn"?)`,
		`{"url": "ws://localhost", "greeting": false, "take": {"a b": ".s"}}`:                                     `take: "a b" is no name for a placeholder (use letters, digits, - and _)`,
		`{"url": "ws://localhost", "greeting": false, "secrets": {"a.b": "x"}}`:                                   `secrets: "a.b" is no name for a placeholder`,
		`{"url": "ws://localhost", "greeting": false, "rules": [{"is": "error", "regex": "("}]}`:                  `rules[0].regex: not a regular expression`,
		`{"url": "ws://localhost", "greeting": false, "answers": [{"when": ".a", "send": "{"}]}`:                  `answers[0].send: not a jq program`,
	} {
		err := wstarget.Component().Check([]byte(config))
		if told := fmt.Sprintf("%v (%s)", err, core.HintOf(err)); core.KindOf(err) != core.ErrorConfig || !strings.Contains(told, want) {
			t.Errorf("%s: %s, want %s", config, told, want)
		}
	}
}

// endless is a jq program that never ends.
const endless = "last(repeat(.))"

// endlessly returns configurations each with one program that never ends.
func endlessly() map[string]keys {
	return map[string]keys{
		"ready":       {"ready": ".ok", "take": keys{"x": `if . == "ready?" then ` + endless + ` else 1 end`}},
		"reply.text":  {"reply": keys{"text": endless}},
		"reply.heard": {"reply": keys{"heard": endless}},
		"reply.sound": {"reply": keys{"text": ".", "sound": endless}},
		"reply.end":   {"reply": keys{"end": endless}},
		"rules":       {"rules": []any{keys{"jq": endless, "is": "blocked"}}},
		"rule, text":  {"reply": keys{"text": "."}, "rules": []any{keys{"jq": endless, "is": "blocked"}}},
		"say":         {"rules": []any{keys{"regex": ".", "is": "blocked", "say": endless}}},
		"take":        {"take": keys{"x": endless}},
		"when":        {"answers": []any{keys{"when": endless, "send": "1"}}},
		"send":        {"answers": []any{keys{"when": "true", "send": endless}}},
	}
}

func TestACallerWhoLeavesWhileAProgramWorksIsToldSo(t *testing.T) {
	for name, more := range endlessly() {
		if name == "ready" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, leave := context.WithCancelCause(t.Context())
			why := errors.New("the caller has left")
			url := serve(t, func(c talk) {
				c.read()
				c.say("the code")
				time.AfterFunc(50*time.Millisecond, func() { leave(why) }) // earlier or later, the reason is the same
				c.read()
			})
			c := begin(t, opened(t, inProcess{}, config(url, more)), core.Start{})
			reply, err := c.Send(ctx, core.UserText("x"))
			if !errors.Is(err, why) || reply.Finish != "" && reply.Finish != core.FinishBroken {
				t.Errorf("%s, %v; want the reason of the caller", reply.Finish, err)
			}
			if got := reply.Message.Text(); (name == "rules" || name == "rule, text" || name == "say") && got != "the code" {
				t.Errorf("%q is kept, want what had arrived", got)
			}
		})
	}
}

func TestAProgramDoesNotOutlastTheTurn(t *testing.T) {
	for name, more := range endlessly() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			more["timeouts"] = keys{"turn": "100ms"}
			if name == "ready" {
				more["timeouts"] = keys{"connect": "100ms"}
			}
			target := opened(t, inProcess{}, config(serve(t, func(c talk) {
				if name == "ready" {
					c.say("ready?")
				}
				c.read()
				c.say("the code")
				c.read()
			}), more))
			c, err := target.StartConversation(t.Context(), core.Start{})
			if name == "ready" {
				if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(fmt.Sprint(err), "not ready within 100ms") {
					t.Errorf("error %v (%s)", err, core.KindOf(err))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer c.End(context.WithoutCancel(t.Context()))
			reply, err := c.Send(t.Context(), core.UserText("x"))
			if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(fmt.Sprint(err), "no whole reply within 100ms") || reply.Finish != "" && reply.Finish != core.FinishBroken {
				t.Errorf("%s, error %v (%s)", reply.Finish, err, core.KindOf(err))
			}
		})
	}
}

func TestWhatAProgramGivesOnAnEventOfAnotherShape(t *testing.T) {
	const complete = core.FinishComplete
	for name, test := range map[string]faultCase{
		"null is no piece":  {answering(`{"x":1}`, `{"t":"a"}`), keys{"reply": keys{"text": ".t"}}, outcome{text: "a", finish: complete}},
		"halt ends quietly": {answering(`{"x":1}`, `{"t":"a"}`), keys{"reply": keys{"text": "if .t then .t, halt, 7 else halt end"}}, outcome{text: "a", finish: complete}},
		"a text that fails": {answering(`[1]`), keys{"reply": keys{"text": ".t"}}, outcome{kind: core.ErrorProtocol, says: "jq: "}},
		"a rule that fails": {answering(`"a"`), keys{"reply": keys{"text": "."}, "rules": []any{keys{"jq": ".error", "is": "error"}}}, outcome{text: "a", finish: complete}},
		"an end that fails": {answering(`"a"`, `{"done":true}`), keys{"reply": keys{"text": "strings", "end": ".done"}}, outcome{text: "a", finish: complete}},
		"the first of many taken": {each(func(c talk, text string) { c.say(`{"x":[1,2],"was":` + text + `}`) }), keys{
			"reply": keys{"text": ".was | tostring"}, "take": keys{"x": ".x[]?"}, "opening": []any{"0"}, "ready": ".x", "message": []any{[]any{"$(taken.x)", "$(prompt)"}},
		}, outcome{text: `[1,"x"]`, finish: complete, warns: "the service said: 0"}},
		"a take that fails":         {answering(`"a"`), keys{"reply": keys{"text": "."}, "take": keys{"x": ".x"}}, outcome{text: "a", finish: complete}},
		"words that fail":           {answering(`"a"`), keys{"reply": keys{"text": "."}, "rules": []any{keys{"regex": "a", "is": "blocked", "say": ".x"}}}, outcome{text: "a", finish: core.FinishBlocked}},
		"a false first output":      {answering(`"a"`), keys{"reply": keys{"text": "."}, "rules": []any{keys{"jq": "false, true", "is": "error"}}}, outcome{text: "a", finish: complete}},
		"an answer that cannot be":  {answering(`"a"`), keys{"answers": []any{keys{"when": "true", "send": ".x"}}}, outcome{kind: core.ErrorProtocol, says: "jq: "}},
		"a program of many outputs": {answering(`"a"`), keys{"reply": keys{"text": `range(20000) | "a"`}}, outcome{kind: core.ErrorProtocol, says: "more than 10000 outputs"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := begin(t, opened(t, inProcess{}, config(serve(t, test.serve), test.config)), core.Start{})
			reply, err := c.Send(t.Context(), core.UserText("x"))
			test.want.check(t, reply, err)
			if err != nil && core.SubjectOf(err) != core.SubjectAnswer {
				t.Errorf("the error speaks of %s: %v", core.SubjectOf(err), err)
			}
		})
	}
}

func FuzzAMessageCarriesEveryText(f *testing.F) {
	f.Add(`quote " and $(turn)`)
	f.Add("\x00\u2028\\")
	f.Add("not UTF-8: \xff")
	url := serve(f, each(func(c talk, text string) {
		var m map[string]string
		if json.Unmarshal([]byte(text), &m) != nil {
			c.say("broken")
			return
		}
		c.say("<" + m["say"] + ">")
	}))
	target, err := wstarget.Component().Open(context.Background(), []byte(config(url, keys{"message": []any{keys{"say": "$(prompt)"}}})))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := target.(core.Target).StartConversation(t.Context(), core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.End(t.Context())
		reply, err := c.Send(t.Context(), core.UserText(text))
		if core.KindOf(err) == core.ErrorInput {
			return // not UTF-8
		}
		if err != nil || reply.Message.Text() != "<"+text+">" {
			t.Errorf("%q arrived as %q, %v", text, reply.Message.Text(), err)
		}
	})
}
