package anthropictest

import (
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// said is a message of the assistant.
func said(text string) core.Message {
	return core.Message{Role: core.Assistant, Parts: core.UserText(text).Parts}
}

// turnPromises are about conversations.
func turnPromises() []promise {
	prompt := "You are a pirate."
	return []promise{
		{name: "a conversation remembers its turns", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			s.ended(s.answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
			s.sent(`{"content":[{"text":"one","type":"text"}],"role":"assistant"}`)
		}},
		{name: "a conversation begins with its history", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{core.UserText("one"), said("yes?")}})
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "neighbours of one role are one message", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{History: []core.Message{core.UserText("one"), said("a"), said("b"), core.UserText("two"), core.UserText("three")}})
			s.answered(c, core.UserText("four"), "one then two and three and four")
			s.answered(c, core.UserText("five"), "one then two and three and four then five")
		}},
		{name: "a history that the assistant begins is refused", verify: func(s *stage) {
			_, err := s.target.StartConversation(s.Context(), core.Start{History: []core.Message{said("Welcome!")}})
			s.kind(err, core.ErrorUnsupported, "the assistant begins")
		}},
		{name: "the system prompt is a member of its own", agent: Obey, verify: func(s *stage) {
			c := s.talk(core.Start{SystemPrompt: prompt})
			s.answered(c, core.UserText("one"), prompt)
			s.answered(c, core.UserText("two"), prompt)
		}},
		{name: "no system prompt is sent where there is none", agent: Obey, verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), core.UserText("one"), "no instructions")
			if _, ok := s.last()["system"]; ok {
				s.Error("system is sent")
			}
		}},
		{name: "a turn may replace the system prompt from then on", agent: Obey, verify: func(s *stage) {
			c, other := s.talk(core.Start{SystemPrompt: prompt}), "You are a parrot."
			s.answered(c, core.UserText("one"), prompt)
			m := core.UserText("two")
			m.Delivery.SystemPrompt = &other
			s.answered(c, m, other)
			s.answered(c, core.UserText("three"), other)
		}},
		{name: "a system message within a history is refused", verify: func(s *stage) {
			_, err := s.target.StartConversation(s.Context(), core.Start{History: []core.Message{{Role: core.System, Parts: core.UserText("x").Parts}}})
			s.kind(err, core.ErrorUnsupported, "system message")
		}},
	}
}

// memoryPromises are about what a conversation remembers.
func memoryPromises() []promise {
	return []promise{
		{name: "a turn out of band leaves no trace", agent: Recall, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			m := core.UserText("aside")
			m.Delivery.OutOfBand = true
			s.answered(c, m, "one then aside")
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "a turn that failed is not remembered", agent: Recall, faults: []string{"overloaded@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			_, err := c.Send(s.Context(), core.UserText("two"))
			s.kind(err, core.ErrorUnavailable, "Overloaded")
			s.answered(c, core.UserText("three"), "one then three")
		}},
		{name: "a turn with an empty answer is not remembered", agent: Recall, faults: []string{"blank-stop@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.answered(c, core.UserText("one"), "one")
			s.answered(c, core.UserText("two"), " \n ")
			s.answered(c, core.UserText("three"), "one then three")
		}},
		{name: "conversations do not know each other", agent: Recall, verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), core.UserText("one"), "one")
			s.answered(s.talk(core.Start{}), core.UserText("two"), "two")
		}},
	}
}

// parameterPromises are about what is sent beside the messages.
func parameterPromises() []promise {
	return []promise{
		{name: "only what the service requires is sent unasked", verify: func(s *stage) {
			s.reply("one")
			sent := s.last()
			delete(sent, "messages")
			want := `{"max_tokens":4096,"model":"practice"}`
			if s.stream {
				want = `{"max_tokens":4096,"model":"practice","stream":true}`
			}
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
		}},
		{name: "parameters that are named are sent as they are", config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "top_k": 5, "max_tokens": 2000, "stop_sequences": []any{"END"}, "effort": "low", "service_tier": "auto", "user": "u1",
			"thinking": map[string]any{"type": "enabled", "budget_tokens": 1024}, "parameters": map[string]any{"inference_geo": "us"}, "betas": []any{"a-1", "b-2"},
		}, verify: func(s *stage) {
			s.reply("one")
			sent := s.last()
			delete(sent, "messages")
			delete(sent, "stream")
			want := `{"inference_geo":"us","max_tokens":2000,"metadata":{"user_id":"u1"},"model":"practice","output_config":{"effort":"low"},"service_tier":"auto",` +
				`"stop_sequences":["END"],"temperature":0.7,"thinking":{"budget_tokens":1024,"type":"enabled"},"top_k":5,"top_p":0.9}`
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
			if got := s.sentRequests()[0].header.Get("Anthropic-Beta"); got != "a-1,b-2" {
				s.Errorf("the betas are %q", got)
			}
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that texts and images
// come through unchanged.
func recordPromises() []promise {
	return []promise{
		{name: "a text that the service does not take is not changed, but refused", verify: func(s *stage) {
			for _, m := range []core.Message{core.UserText("\xff"), core.UserText(""), {Role: core.User}} {
				_, err := s.talk(core.Start{}).Send(s.Context(), m)
				s.kind(err, core.ErrorInput, "")
			}
			_, err := s.target.StartConversation(s.Context(), core.Start{SystemPrompt: "\xff"})
			s.kind(err, core.ErrorInput, "the system prompt")
			if s.server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{name: "images are sent, and sound is refused", verify: func(s *stage) {
			part := func(m core.Modality, mediaType, data string) core.Part {
				return core.Part{Value: core.Value{Modality: m, MediaType: mediaType, Data: []byte(data)}}
			}
			m := core.UserText("look")
			m.Parts = append(m.Parts, part(core.Image, core.MediaPNG, "PNG"), part(core.Image, core.MediaJPEG, "JPEG"))
			s.answered(s.talk(core.Start{}), m, "look")
			s.sent(`{"source":{"data":"UE5H","media_type":"image/png","type":"base64"},"type":"image"},{"source":{"data":"SlBFRw==","media_type":"image/jpeg","type":"base64"},"type":"image"}`)
			for _, p := range []core.Part{part(core.Audio, core.MediaWAV, "RIFF"), part(core.Image, "image/tiff", "II")} {
				_, err := s.talk(core.Start{}).Send(s.Context(), core.Message{Role: core.User, Parts: []core.Part{p}})
				s.kind(err, core.ErrorUnsupported, p.MediaType[:5])
			}
		}},
		{name: "what a reply costs and how long it takes is recorded", faults: []string{"thinks", "limits"}, verify: func(s *stage) {
			r := s.reply(all)
			want := core.Usage{InputTokens: 114, OutputTokens: 8, CachedInputTokens: 100, OutputReasoningTokens: 4}
			if r.Usage != want {
				s.Errorf("the usage is %+v, want %+v", r.Usage, want)
			}
			if r.Timing.Total <= 0 || r.Timing.FirstEvent <= 0 || r.Timing.FirstEvent > r.Timing.Total {
				s.Errorf("the times are %+v", r.Timing)
			}
			limit := core.RateLimit{Name: "requests", Limit: 50, Remaining: 49, Reset: time.Minute}
			if len(r.RateLimits) != 1 || r.RateLimits[0] != limit {
				s.Errorf("the limits are %+v", r.RateLimits)
			}
		}},
		{name: "a long text comes through whole", verify: func(s *stage) {
			long := strings.TrimSpace(strings.Repeat("Ünïcödé 漢字 <&> \" \\ \u2028 ", 500)) + "."
			s.ended(s.answered(s.talk(core.Start{}), core.UserText(long), long), core.FinishComplete, "")
		}},
	}
}

// sent checks that the messages of the last request have a text in them.
func (s *stage) sent(want string) {
	s.Helper()
	if got := string(encode(s.last()["messages"])); !strings.Contains(got, want) {
		s.Errorf("sent was %s, want %s in it", got, want)
	}
}
