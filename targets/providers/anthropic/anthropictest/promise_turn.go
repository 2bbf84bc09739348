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
	u := suite()
	prompt := "You are a pirate."
	return []promise{
		{Name: "a conversation remembers its turns", Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Answered(c, core.UserText("one"), "one")
			s.Ended(s.Answered(c, core.UserText("two"), "one then two"), core.FinishComplete, "")
			sent(s, `{"content":[{"text":"one","type":"text"}],"role":"assistant"}`)
		}},
		{Name: "neighbours of one role are one message", Agent: Recall, Verify: func(s *stage) {
			c := s.Talk(core.Start{History: []core.Message{core.UserText("one"), said("a"), said("b"), core.UserText("two"), core.UserText("three")}})
			s.Answered(c, core.UserText("four"), "one then two and three and four")
			s.Answered(c, core.UserText("five"), "one then two and three and four then five")
		}},
		{Name: "a history that the assistant begins is refused", Verify: func(s *stage) {
			_, err := s.Target.StartConversation(s.Context(), core.Start{History: []core.Message{said("Welcome!")}})
			s.Kind(err, core.ErrorUnsupported, "the assistant begins")
		}},
		{Name: "the system prompt is a member of its own", Agent: Obey, Verify: func(s *stage) {
			c := s.Talk(core.Start{SystemPrompt: prompt})
			s.Answered(c, core.UserText("one"), prompt)
			s.Answered(c, core.UserText("two"), prompt)
		}},
		{Name: "no system prompt is sent where there is none", Agent: Obey, Verify: func(s *stage) {
			s.Answered(s.Talk(core.Start{}), core.UserText("one"), "no instructions")
			if _, ok := s.Last()["system"]; ok {
				s.Error("system is sent")
			}
		}},
		u.ReplacesPrompt(),
		{Name: "a system message within a history is refused", Verify: func(s *stage) {
			_, err := s.Target.StartConversation(s.Context(), core.Start{History: []core.Message{{Role: core.System, Parts: core.UserText("x").Parts}}})
			s.Kind(err, core.ErrorUnsupported, "system message")
		}},
	}
}

// memoryPromises are about what a conversation remembers.
func memoryPromises() []promise {
	u := suite()
	return append(u.Remembers(), u.Forgets("overloaded", "Overloaded"), u.ForgetsEmpty("blank-stop", " \n "))
}

// parameterPromises are about what is sent beside the messages.
func parameterPromises() []promise {
	return []promise{
		{Name: "only what the service requires is sent unasked", Verify: func(s *stage) {
			s.Reply("one")
			sent := s.Last()
			delete(sent, "messages")
			want := `{"max_tokens":4096,"model":"practice"}`
			if s.Stream {
				want = `{"max_tokens":4096,"model":"practice","stream":true}`
			}
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
		}},
		{Name: "parameters that are named are sent as they are", Config: map[string]any{
			"temperature": 0.7, "top_p": 0.9, "top_k": 5, "max_tokens": 2000, "stop_sequences": []any{"END"}, "effort": "low", "service_tier": "auto", "user": "u1",
			"thinking": map[string]any{"type": "enabled", "budget_tokens": 1024}, "parameters": map[string]any{"inference_geo": "us"}, "betas": []any{"a-1", "b-2"},
		}, Verify: func(s *stage) {
			s.Reply("one")
			sent := s.Last()
			delete(sent, "messages")
			delete(sent, "stream")
			want := `{"inference_geo":"us","max_tokens":2000,"metadata":{"user_id":"u1"},"model":"practice","output_config":{"effort":"low"},"service_tier":"auto",` +
				`"stop_sequences":["END"],"temperature":0.7,"thinking":{"budget_tokens":1024,"type":"enabled"},"top_k":5,"top_p":0.9}`
			if got := string(encode(sent)); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
			if got := s.Sent()[0].Header.Get("Anthropic-Beta"); got != "a-1,b-2" {
				s.Errorf("the betas are %q", got)
			}
		}},
	}
}

// recordPromises are about what is recorded beside a reply, and that texts and images
// come through unchanged.
func recordPromises() []promise {
	return []promise{
		{Name: "a text that the service does not take is not changed, but refused", Verify: func(s *stage) {
			for _, m := range []core.Message{core.UserText("\xff"), core.UserText(""), {Role: core.User}} {
				_, err := s.Talk(core.Start{}).Send(s.Context(), m)
				s.Kind(err, core.ErrorInput, "")
			}
			_, err := s.Target.StartConversation(s.Context(), core.Start{SystemPrompt: "\xff"})
			s.Kind(err, core.ErrorInput, "the system prompt")
			if s.Server.Turns() != 0 {
				s.Error("the text was sent all the same")
			}
		}},
		{Name: "images are sent, and sound is refused", Verify: func(s *stage) {
			part := func(m core.Modality, mediaType, data string) core.Part {
				return core.Part{Value: core.Value{Modality: m, MediaType: mediaType, Data: []byte(data)}}
			}
			m := core.UserText("look")
			m.Parts = append(m.Parts, part(core.Image, core.MediaPNG, "PNG"), part(core.Image, core.MediaJPEG, "JPEG"))
			s.Answered(s.Talk(core.Start{}), m, "look")
			sent(s, `{"source":{"data":"UE5H","media_type":"image/png","type":"base64"},"type":"image"},{"source":{"data":"SlBFRw==","media_type":"image/jpeg","type":"base64"},"type":"image"}`)
			for _, p := range []core.Part{part(core.Audio, core.MediaWAV, "RIFF"), part(core.Image, "image/tiff", "II")} {
				_, err := s.Talk(core.Start{}).Send(s.Context(), core.Message{Role: core.User, Parts: []core.Part{p}})
				s.Kind(err, core.ErrorUnsupported, p.MediaType[:5])
			}
		}},
		{Name: "what a reply costs and how long it takes is recorded", Faults: []string{"thinks", "limits"}, Verify: func(s *stage) {
			r := s.Reply(all)
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
		suite().Carries(),
	}
}

// sent checks that the messages of the last request have a text in them.
func sent(s *stage, want string) {
	s.Helper()
	if got := string(encode(s.Last()["messages"])); !strings.Contains(got, want) {
		s.Errorf("sent was %s, want %s in it", got, want)
	}
}
