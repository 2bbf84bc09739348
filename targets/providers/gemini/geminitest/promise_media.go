package geminitest

import (
	"bytes"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// describe answers with the types of the last content's parts.
func describe(r *Request) Answer {
	var kinds []string
	for _, p := range r.last().Parts {
		if p.InlineData != nil {
			kinds = append(kinds, p.InlineData.MIMEType)
		} else {
			kinds = append(kinds, *p.Text)
		}
	}
	return Answer{Text: strings.Join(kinds, " and ")}
}

// tone is half a second of sound at 24 kHz.
func tone() audio.Clip {
	clip := audio.Clip{Rate: 24_000, Samples: make([]int16, 12_000)}
	for i := range clip.Samples {
		clip.Samples[i] = int16(i % 200 * 100)
	}
	return clip
}

// speaker speaks.
func speaker(*Request) Answer { return Answer{Sound: tone().PCM()} }

// mediaPromises are about images and sound.
func mediaPromises() []promise {
	part := func(m core.Modality, mediaType, data string) core.Part {
		return core.Part{Value: core.Value{Modality: m, MediaType: mediaType, Data: []byte(data)}}
	}
	return []promise{
		{Name: "text, images and sound are parts of one message", Agent: describe, Verify: func(s *stage) {
			m := core.UserText("look")
			m.Parts = append(
				m.Parts, part(core.Image, "image/png", "PNG"), part(core.Image, "image/jpeg", "JPG"),
				part(core.Audio, "audio/x-wav", "RIFF"), part(core.Audio, "audio/mpeg", "ID3"),
			)
			s.Answered(s.Talk(core.Start{}), m, "look and image/png and image/jpeg and audio/wav and audio/mp3")
		}},
		{Name: "what the protocol has no form for is unsupported", Agent: describe, Verify: func(s *stage) {
			for _, p := range []core.Part{part(core.Audio, "audio/ogg", "OggS"), part(core.Image, "image/tiff", "II")} {
				_, err := s.Talk(core.Start{}).Send(s.Context(), core.Message{Role: core.User, Parts: []core.Part{p}})
				s.Kind(err, core.ErrorUnsupported, "")
			}
		}},
		{Name: "a spoken reply is a WAV file", Agent: speaker, Config: map[string]any{"response_modalities": []any{"audio"}, "voice": "Kore"}, Verify: func(s *stage) {
			r := s.Reply("hello")
			s.Ended(r, core.FinishComplete, "")
			sounds := r.Message.Of(core.Audio)
			if len(sounds) != 1 {
				s.Fatalf("%d sounds in the reply", len(sounds))
			}
			clip, warnings, err := audio.FromValue(sounds[0])
			if err != nil || len(warnings) > 0 || clip.Rate != 24_000 || !bytes.Equal(clip.PCM(), tone().PCM()) {
				s.Errorf("the sound is %s: %v %v", clip, warnings, err)
			}
			if r.Timing.FirstAudio == 0 || r.Timing.LastAudio < r.Timing.FirstAudio {
				s.Errorf("the times are %+v", r.Timing)
			}
			want := `{"responseModalities":["AUDIO"],"speechConfig":{"voiceConfig":{"prebuiltVoiceConfig":{"voiceName":"Kore"}}}}`
			if got := string(encode(s.Last()["generationConfig"])); got != want {
				s.Errorf("sent was %s, want %s", got, want)
			}
		}},
	}
}

// drawnPromises are about images in replies, and sound in an odd form.
func drawnPromises() []promise {
	return []promise{
		{Name: "a drawn reply has its images, which a history takes", Agent: Recall, Faults: []string{"image-part@1"}, Config: map[string]any{"response_modalities": []any{"text", "image"}}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, core.UserText("draw"), "draw")
			s.Ended(r, core.FinishComplete, "")
			s.Warned(r)
			if got := r.Message.Of(core.Image); len(got) != 2 || got[0].MediaType != core.MediaPNG || got[0].Text() != "PNG" || got[1].MediaType != core.MediaJPEG || got[1].Text() != "JPG" {
				s.Errorf("the images are %+v", got)
			}
			s.Answered(c, core.UserText("more"), "draw then more")
			const drawn = `{"parts":[{"text":"draw"},{"inlineData":{"data":"UE5H","mimeType":"image/png"}},{"inlineData":{"data":"SlBH","mimeType":"image/jpeg"}}],"role":"model"}`
			wrote(s, drawn)
			s.Answered(s.Talk(core.Start{History: []core.Message{core.UserText("draw"), r.Message}}), core.UserText("more"), "draw then more")
			wrote(s, drawn)
			wrote(s, `"responseModalities":["TEXT","IMAGE"]`)
		}},
		{Name: "an image that does not fit is left out", Faults: []string{"image-part"}, Config: map[string]any{"max_reply_bytes": 22}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), core.UserText(all), all)
			s.Ended(r, core.FinishTruncated, "max_reply_bytes")
			if got := r.Message.Of(core.Image); len(got) != 1 || got[0].Text() != "PNG" {
				s.Errorf("the images are %+v", got)
			}
		}},
		{Name: "base64 of the other alphabet is read", Faults: []string{"url-base64"}, Verify: func(s *stage) {
			r := s.Reply(all)
			s.Ended(r, core.FinishComplete, "")
			if got := r.Message.Of(core.Audio); len(got) != 1 || !bytes.HasSuffix(got[0].Data, []byte("\xfb\xff")) {
				s.Errorf("the sounds are %q", got)
			}
		}},
		{Name: "what the service says that a sound says is its transcript", Faults: []string{"transcribed"}, Verify: func(s *stage) {
			r := s.Answered(s.Talk(core.Start{}), core.UserText("speak"), all)
			s.Ended(r, core.FinishComplete, "")
			if parts := r.Message.Parts; len(parts) != 2 || parts[0].Modality != core.Audio || !parts[1].Transcript {
				s.Errorf("the parts are %+v", parts)
			}
		}},
		{Name: "a sound that is too large is cut off", Config: map[string]any{"max_reply_bytes": 1000}, Agent: func(*Request) Answer {
			return Answer{Sound: make([]byte, 300_000)}
		}, Verify: func(s *stage) {
			s.Ended(s.Reply("speak"), core.FinishTruncated, "max_reply_bytes")
		}},
	}
}
