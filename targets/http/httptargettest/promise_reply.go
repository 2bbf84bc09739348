package httptargettest

import (
	"bytes"
	"context"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// jsonChat is a JSON API that remembers nothing.
	jsonChat = `{"url":"http://service/api/chat","request":{"body":{"message":"$(prompt)"}},"reply":{"jq":".answer","usage":"{input_tokens: .usage.in, output_tokens: .usage.out}","truncated":".finish == \"length\""}}`
	// plainText is a service that answers in plain text.
	plainText = `{"url":"http://service/text","request":{"body":"$(prompt)"},"max_reply_bytes":100000}`
)

func replyPromises() []promise {
	return []promise{
		{
			name: "the reply, its usage and its times are read", config: jsonChat,
			verify: func(s *stage) {
				r := s.answered(s.talk(core.Start{}), "hello", "you said hello")
				if r.Usage.InputTokens != 7 || r.Usage.OutputTokens != 3 {
					s.Errorf("usage %+v", r.Usage)
				}
				if r.Timing.Connect <= 0 || r.Timing.FirstEvent < r.Timing.Connect || r.Timing.Total < r.Timing.FirstEvent {
					s.Errorf("times %+v", r.Timing)
				}
			},
		},
		{
			name: "connections are used again", config: jsonChat,
			verify: func(s *stage) {
				s.say(s.talk(core.Start{}), "hello")
				if r := s.say(s.talk(core.Start{}), "hello"); r.Timing.Connect != 0 {
					s.Errorf("times %+v", r.Timing)
				}
			},
		},
		{
			name: "a list of texts is a reply of several parts", config: jsonChat, faults: once(ListAnswer),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				if len(r.Message.Parts) != 2 || r.Message.Text() != "one\ntwo" {
					s.Errorf("parts %+v", r.Message.Parts)
				}
			},
		},
		{
			name: "an empty text is an empty reply", config: jsonChat, faults: once(EmptyAnswer),
			verify: func(s *stage) {
				if r := s.say(s.talk(core.Start{}), "hello"); !r.Message.Empty() {
					s.Errorf("parts %+v", r.Message.Parts)
				}
			},
		},
		{
			name: "a text of which nothing can be seen is no evidence", config: jsonChat, faults: once(InvisibleAnswer),
			verify: func(s *stage) { s.ended(s.say(s.talk(core.Start{}), "hello"), core.FinishUnconfirmed) },
		},
		{
			name: "a limit of the service cuts a reply off", config: jsonChat, faults: once(TruncatedAnswer),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				s.ended(r, core.FinishTruncated)
				if r.Message.Text() != "the code is" {
					s.Errorf("answered with %q", r.Message.Text())
				}
			},
		},
	}
}

// wholePromises are about answers that are whole or not by more than their status.
func wholePromises() []promise {
	return []promise{
		{
			name: "no content is no reply where one is looked for", config: jsonChat, faults: once(NoContent),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "HTTP 204") },
		},
		{
			name: "no content is an empty reply where a rule calls it complete", faults: once(NoContent),
			config: strings.Replace(jsonChat, `"reply"`, `"rules":[{"status":[204],"is":"complete"}],"reply"`, 1),
			verify: func(s *stage) {
				if r := s.say(s.talk(core.Start{}), "hello"); !r.Message.Empty() || r.Finish != core.FinishComplete {
					s.Errorf("%s, parts %+v", r.Finish, r.Message.Parts)
				}
			},
		},
		{
			name: "a rule that calls an answer complete makes no reply of one that has none", faults: once(NoAnswer),
			config: strings.Replace(jsonChat, `"reply"`, `"rules":[{"status":[200],"is":"complete"}],"reply"`, 1),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "jq finds no reply") },
		},
		{
			name:   "jq that gives more than the bound is an error",
			config: `{"url":"http://service/api/chat","request":{"body":{"message":"$(prompt)"}},"max_reply_bytes":1000,"reply":{"jq":".answer * 600, \"b\" * 600"}}`,
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "more text than max_reply_bytes")
			},
		},
		{
			name: "errors beside data, as GraphQL has them, are an error", config: jsonChat, faults: once(PartialData),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "a part failed") },
		},
		{
			name: "errors beside data are a reply where a rule says so", faults: once(PartialData),
			config: strings.Replace(jsonChat, `"reply"`, `"rules":[{"jq":".data","is":"complete"}],"reply"`, 1),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "one") },
		},
	}
}

// encodingPromises are about the forms in which JSON arrives.
func encodingPromises() []promise {
	return []promise{
		{
			name: "an answer in gzip is unpacked", config: jsonChat, faults: once(Zipped),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
		{
			name: "an answer in deflate is unpacked", config: jsonChat, faults: once(Deflated),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
		{
			name: "an answer in deflate without zlib's frame is unpacked", config: jsonChat, faults: once(DeflatedBare),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
		{
			name: "gzip is unpacked by its old name", config: jsonChat, faults: once(ZippedOldName),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
		{
			name: "an answer that is packed in another way is an error that names it", config: jsonChat, faults: once(PackedOddly),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, `packed with "br"`) },
		},
		{
			name: "a refusal says what it is however it is packed", config: jsonChat, faults: once(BusyPackedOddly),
			verify: func(s *stage) {
				s.fails(s.talk(core.Start{}), "hello", core.ErrorUnavailable, "HTTP 503 (Service Unavailable)")
			},
		},
		{
			name: "JSON is read whatever type it says", config: jsonChat, faults: once(WrongType),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "you said hello") },
		},
	}
}

// plainPromises are about replies that are the whole answer.
func plainPromises() []promise {
	return []promise{
		{
			name: "plain text is the reply", config: plainText,
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello\nü", "you said hello\nü") },
		},
		{
			name: "ISO-8859-1 is decoded, as browsers do", config: plainText, faults: once(Latin1),
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "hello", "café €") },
		},
		{
			name: "a charset that is not known is an error", config: plainText, faults: once(UnknownCharset),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "x-klingon") },
		},
		{
			name: "a reply over the bound is cut off", config: plainText, faults: once(HugeAnswer),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				s.ended(r, core.FinishTruncated)
				if n := len(r.Message.Text()); n != 100_000 {
					s.Errorf("%d bytes of text", n)
				}
			},
		},
		{
			name: "a JSON document over the bound is an error", faults: once(HugeAnswer),
			config: strings.Replace(jsonChat, `"reply"`, `"max_reply_bytes":1000,"reply"`, 1),
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "max_reply_bytes") },
		},
		{
			name: "a reply that only the end of the connection ended is not confirmed", config: plainText, faults: once(Unframed),
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				s.ended(r, core.FinishUnconfirmed)
				if r.Message.Text() != "you said hello" {
					s.Errorf("answered with %q", r.Message.Text())
				}
			},
		},
		{
			name: "what arrived of a reply that broke off comes with the error", config: plainText, faults: once(CutBody),
			verify: func(s *stage) { s.breaks(s.talk(core.Start{}), core.ErrorUnavailable, "you said hello") },
		},
		{
			name: "a service that takes too long is a timeout", config: jsonChat, faults: once(Hangs),
			verify: func(s *stage) {
				ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
				defer cancel()
				_, err := s.talk(core.Start{}).Send(ctx, core.UserText("hello"))
				s.kind(err, core.ErrorTimeout, "")
			},
		},
	}
}

// formPromises are about the forms in which a reply may come.
func formPromises() []promise {
	return []promise{
		{
			name: "a regular expression finds each reply", config: `{"url":"http://service/text","request":{"body":"$(prompt)"},"reply":{"regex":"<([^>]*)>"}}`,
			verify: func(s *stage) { s.answered(s.talk(core.Start{}), "<one> <two>", "one\ntwo") },
		},
		{
			name: "a regular expression that finds nothing is an error", config: `{"url":"http://service/text","request":{"body":"$(prompt)"},"reply":{"regex":"<([^>]*)>"}}`,
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorProtocol, "you said hello") },
		},
		{
			name: "JSON without a place for the reply is an error, not its source", config: `{"url":"http://service/api/chat","request":{"body":{"message":"$(prompt)"}}}`,
			verify: func(s *stage) { s.fails(s.talk(core.Start{}), "hello", core.ErrorConfig, "jq") },
		},
		{
			name: "sound is a reply", config: `{"url":"http://service/speech","request":{"body":{"m":"$(prompt)"}}}`,
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				if all := r.Message.Of(core.Audio); len(all) != 1 || all[0].MediaType != core.MediaWAV || !bytes.Equal(all[0].Data, Clip()) {
					s.Errorf("parts %+v", r.Message.Parts)
				}
			},
		},
		{
			name: "sound in JSON is a reply, with its transcript", config: `{"url":"http://service/speech?json=1","request":{"body":{"m":"$(prompt)"}},"reply":{"jq":".transcript","audio":".sound"}}`,
			verify: func(s *stage) {
				r := s.say(s.talk(core.Start{}), "hello")
				if all := r.Message.Of(core.Audio); len(all) != 1 || !bytes.Equal(all[0].Data, Clip()) {
					s.Errorf("parts %+v", r.Message.Parts)
				}
				if r.Message.Text() != "good morning" || !r.Message.Parts[0].Transcript {
					s.Errorf("parts %+v", r.Message.Parts)
				}
			},
		},
		{
			name:   "the calls of tools are read, and their results sent",
			config: `{"url":"http://service/mirror/a","request":{"body":{"messages":"$(messages)"}},"reply":{"jq":".method","tool_calls":"{call_id: \"c1\", name: \"look_up\", arguments: {account: 7}}"}}`,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				r := s.say(c, "hello")
				if calls := r.Message.Of(core.ToolCall); len(calls) != 1 || calls[0].Text() != `{"arguments":{"account":7},"call_id":"c1","name":"look_up"}` {
					s.Fatalf("parts %+v", r.Message.Parts)
				}
				_, err := c.Send(s.Context(), core.Message{Role: core.Tool, Parts: []core.Part{{
					Value: core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: []byte(`{"call_id":"c1","output":"a \"note\""}`)},
				}}})
				if err != nil {
					s.Fatal(err)
				}
				const want = `{"messages":[{"content":"hello","role":"user"},{"content":"POST","role":"assistant","tool_calls":[{"function":{"arguments":"{\"account\":7}","name":"look_up"},"id":"c1","type":"function"}]},{"content":"a \"note\"","role":"tool","tool_call_id":"c1"}]}`
				if body := string(s.received(s.server, "/mirror/a").Body); body != want {
					s.Errorf("arrived as %s", body)
				}
			},
		},
	}
}
