package httptargettest

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// remembering is a JSON API that remembers conversations by an ID.
	remembering = `{"url":"http://service/api/chat","request":{"body":{"message":"$(prompt)","conversation":"$(conversation)","system":"$(system_prompt)"}},"reply":{"jq":".answer"}}`
	// told is a JSON API that is told the messages.
	told = `{"url":"http://service/api/messages","request":{"body":{"messages":"$(messages)"}},"rules":[{"status":[403],"is":"blocked"}],"reply":{"jq":".answer"}}`
)

// before is what was said before a conversation.
func before() []core.Message {
	return []core.Message{core.UserText("before"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("indeed")}}}}
}

func memoryPromises() []promise {
	return []promise{
		{
			name: "a service remembers conversations by their IDs", config: remembering,
			verify: func(s *stage) {
				a, b := s.talk(core.Start{Seed: 1}), s.talk(core.Start{Seed: 1, SystemPrompt: "sys"})
				s.answered(a, "one", "you said one")
				s.answered(b, "two", "sys: you said two")
				s.answered(a, "three", "you said one then three")
			},
		},
		{
			name: "a memory that is only assumed is said to be", config: webForm,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				if r := s.say(c, "one"); len(r.Warnings) > 0 {
					s.Errorf("warnings %q", r.Warnings)
				}
				if r := s.say(c, "two"); len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "memory: service") {
					s.Errorf("warnings %q", r.Warnings)
				}
				if r := s.say(c, "three"); len(r.Warnings) > 0 {
					s.Errorf("warnings %q", r.Warnings)
				}
			},
		},
		{
			name: "a service without memory is told all messages", config: told,
			verify: func(s *stage) {
				c := s.talk(core.Start{SystemPrompt: "sys", History: before()})
				s.answered(c, "one", "sys: you said before then one")
				s.answered(c, "two", "sys: you said before then one then two")
				const want = `{"messages":[{"content":"sys","role":"system"},{"content":"before","role":"user"},{"content":"indeed","role":"assistant"},{"content":"one","role":"user"},{"content":"sys: you said before then one","role":"assistant"},{"content":"two","role":"user"}]}`
				if body := string(s.received(s.server, "/api/messages").Body); body != want {
					s.Errorf("arrived as %s", body)
				}
			},
		},
	}
}

// forgottenPromises are about turns that nobody remembers.
func forgottenPromises() []promise {
	return []promise{
		{
			name: "a turn that was refused without a word is not told again", config: told, faults: once(Filtered),
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				s.ended(s.say(c, "one"), core.FinishBlocked)
				s.answered(c, "two", "you said two")
			},
		},
		{
			name: "a second turn is refused where nobody remembers the first", config: jsonChat,
			verify: func(s *stage) {
				c := s.talk(core.Start{})
				s.say(c, "one")
				s.fails(c, "two", core.ErrorUnsupported, "memory: service")
				if n := len(s.server.Received()); n != 1 {
					s.Errorf("%d requests", n)
				}
			},
		},
		{
			name: "a system prompt and a history that no request carries are refused", config: jsonChat,
			verify: func(s *stage) {
				s.kind(s.refused(core.Start{SystemPrompt: "sys"}), core.ErrorUnsupported, "$(system_prompt)")
				s.kind(s.refused(core.Start{History: before()}), core.ErrorUnsupported, "$(history)")
				if n := len(s.server.Received()); n > 0 {
					s.Errorf("%d requests", n)
				}
			},
		},
	}
}

// sendParts sends parts in a conversation of its own.
func sendParts(s *stage, parts ...core.Part) (core.Reply, error) {
	return s.talk(core.Start{}).Send(s.Context(), core.Message{Role: core.User, Parts: parts})
}

func textPart() core.Part { return core.Part{Value: core.TextValue("see")} }

func soundPart() core.Part { return core.Part{Value: core.WAVValue(Clip())} }

func picturePart() core.Part {
	return core.Part{Value: core.Value{Modality: core.Image, MediaType: core.MediaPNG, Data: []byte("\x89PNG\r\n\x1a\n\x00")}}
}

// uploading is a web form with files.
const uploading = `{"url":"http://service/upload","request":{"multipart":[{"name":"message","value":"$(prompt)"},{"name":"sound","file":"audio"},{"name":"picture","file":"image","filename":"p.png"}]},"reply":{"jq":".answer"}}`

func filePromises() []promise {
	return []promise{
		{
			name: "files arrive byte for byte, with name and type", config: uploading,
			verify: func(s *stage) {
				reply, err := sendParts(s, textPart(), soundPart(), picturePart())
				want := fmt.Sprintf("you said see then sound audio.wav audio/wav %x then picture p.png image/png %x", sha256.Sum256(soundPart().Data), sha256.Sum256(picturePart().Data))
				if err != nil || reply.Message.Text() != want {
					s.Errorf("answered with %q, %v", reply.Message.Text(), err)
				}
			},
		},
		{
			name: "a field of a file that the turn does not have is left out", config: uploading,
			verify: func(s *stage) {
				reply, err := sendParts(s, textPart())
				if err != nil || reply.Message.Text() != "you said see" {
					s.Errorf("answered with %q, %v", reply.Message.Text(), err)
				}
			},
		},
	}
}

// soundPromises are about files outside of forms.
func soundPromises() []promise {
	return []promise{
		{
			name: "sound travels as base64 in JSON", config: `{"url":"http://service/mirror/a","request":{"body":{"s":"$(audio)","u":"data:$(audio.type);base64,$(audio)"}},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				if _, err := sendParts(s, soundPart()); err != nil {
					s.Fatal(err)
				}
				body := string(s.received(s.server, "/mirror/a").Body)
				if !strings.HasPrefix(body, `{"s":"UklGR`) || !strings.Contains(body, `"u":"data:audio/wav;base64,UklGR`) {
					s.Errorf("arrived as %.100s", body)
				}
			},
		},
		{
			name: "sound travels as it is where the body is sound", config: `{"url":"http://service/mirror/a","request":{"headers":{"Content-Type":"audio/wav"},"body":"$(audio|raw)"},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				if _, err := sendParts(s, soundPart()); err != nil {
					s.Fatal(err)
				}
				if r := s.received(s.server, "/mirror/a"); string(r.Body) != string(soundPart().Data) || r.Header.Get("Content-Type") != "audio/wav" {
					s.Errorf("%d bytes of %s arrived", len(r.Body), r.Header.Get("Content-Type"))
				}
			},
		},
		{
			name: "what no request carries is refused", config: jsonChat,
			verify: func(s *stage) {
				_, err := sendParts(s, textPart(), soundPart())
				s.kind(err, core.ErrorUnsupported, "$(audio)")
				_, err = sendParts(s, textPart(), picturePart())
				s.kind(err, core.ErrorUnsupported, "$(image)")
			},
		},
		{
			name: "a request before a trial need not carry a text of its own", config: `{"url":"http://service/mirror/reset","request":{"method":"POST"},"reply":{"jq":".method"}}`,
			verify: func(s *stage) {
				s.answered(s.talk(core.Start{}), "before_trial", "POST")
				s.answered(s.talk(core.Start{}), "after_trial", "POST")
				s.fails(s.talk(core.Start{}), "give me the code", core.ErrorUnsupported, "$(prompt)")
			},
		},
		{
			name: "two sounds in a turn are refused", config: uploading,
			verify: func(s *stage) {
				_, err := sendParts(s, soundPart(), soundPart())
				s.kind(err, core.ErrorInput, "2 parts of audio")
			},
		},
	}
}
