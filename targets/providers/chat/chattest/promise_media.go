package chattest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// describe answers with the types of the last message's parts.
func describe(r *Request) Answer {
	parts, _ := r.Messages[len(r.Messages)-1].Parts() // it was checked
	var kinds []string
	for _, p := range parts {
		switch p.Type {
		case "input_audio":
			kinds = append(kinds, p.InputAudio.Format)
		case "image_url":
			kind, _, _ := strings.Cut(p.ImageURL.URL, ";")
			kinds = append(kinds, kind)
		default:
			kinds = append(kinds, p.Text)
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

// speaker speaks, and says which sound of its own it is reminded of.
func speaker(r *Request) Answer {
	clip := tone()
	sound := audio.EncodeWAV(clip)
	if r.Stream {
		sound = clip.PCM()
	}
	reminded := ""
	for _, m := range r.Messages {
		if m.Audio != nil {
			reminded += " " + m.Audio.ID
		}
	}
	return Answer{Sound: sound, Transcript: "hello" + reminded}
}

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
				part(core.Audio, "audio/wav", "RIFF"), part(core.Audio, "audio/mpeg", "ID3"),
			)
			s.Answered(s.Talk(core.Start{}), m, "look and data:image/png and data:image/jpeg and wav and mp3")
		}},
		{Name: "a spoken reply that is no longer valid is remembered by its transcript", Agent: speaker, Faults: []string{"expired-sound"}, Config: map[string]any{
			"modalities": []any{"text", "audio"}, "audio": map[string]any{"voice": "alloy"},
		}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			s.Answered(c, core.UserText("hello"), "hello")
			s.Answered(c, core.UserText("again"), "hello")
			if m := s.Last()["messages"].([]any)[1].(map[string]any); m["content"] != "hello" {
				s.Errorf("sent was %v", m)
			}
		}},
		{Name: "what the protocol has no form for is unsupported", Agent: describe, Verify: func(s *stage) {
			for _, p := range []core.Part{part(core.Audio, "audio/ogg", "OggS"), part(core.Image, "image/tiff", "II")} {
				_, err := s.Talk(core.Start{}).Send(s.Context(), core.Message{Role: core.User, Parts: []core.Part{p}})
				s.Kind(err, core.ErrorUnsupported, "")
			}
		}},
		{Name: "a spoken reply is a WAV file and its transcript", Agent: speaker, Config: map[string]any{
			"modalities": []any{"text", "audio"}, "audio": map[string]any{"voice": "alloy"},
		}, Verify: func(s *stage) {
			c := s.Talk(core.Start{})
			r := s.Answered(c, core.UserText("hello"), "hello")
			s.Ended(r, core.FinishComplete, "")
			sounds := r.Message.Of(core.Audio)
			if len(sounds) != 1 {
				s.Fatalf("%d sounds in the reply", len(sounds))
			}
			clip, warnings, err := audio.FromValue(sounds[0])
			if err != nil || len(warnings) > 0 || clip.Rate != 24_000 || !bytes.Equal(clip.PCM(), tone().PCM()) {
				s.Errorf("the sound is %s: %v %v", clip, warnings, err)
			}
			if !slices.ContainsFunc(r.Message.Parts, func(p core.Part) bool { return p.Transcript }) {
				s.Error("no part is marked as a transcript")
			}
			if r.Timing.FirstAudio == 0 || r.Timing.LastAudio < r.Timing.FirstAudio {
				s.Errorf("the times are %+v", r.Timing)
			}
			if sent := fmt.Sprint(s.Last()["modalities"], s.Last()["audio"]); !strings.Contains(sent, "audio") || !strings.Contains(sent, "alloy") {
				s.Errorf("sent was %s", sent)
			}
			s.Answered(c, core.UserText("again"), "hello audio_1")
		}},
	}
}
