package realtimetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// tone returns a user's 440 Hz tone as WAV with a sample rate.
func (s *stage) tone(length time.Duration, rate int) core.Message {
	s.Helper()
	pcm, err := ToneAgent{}.Speak(s.Context(), strings.Repeat("x", int(length/(100*time.Millisecond))))
	if err != nil {
		s.Fatal(err)
	}
	clip, err := audio.FromPCM(pcm, agentRate)
	if err != nil {
		s.Fatal(err)
	}
	return core.Message{Role: core.User, Parts: []core.Part{{Value: core.WAVValue(audio.EncodeWAV(clip.Resample(rate)))}}}
}

// turnPromises are about sending turns.
func turnPromises() []promise {
	return []promise{
		{name: "one socket carries the whole conversation", agent: recollection(), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.answered(c, core.UserText("two"), "one then two")
			if got := s.server.Stats().Connections; got != 1 {
				s.Errorf("%d connections", got)
			}
		}},
		{name: "conversations are held in parallel and keep apart", agent: recollection(), verify: func(s *stage) {
			a, b := s.talk(core.Start{}), s.talk(core.Start{})
			s.say(a, core.UserText("one"))
			s.answered(b, core.UserText("two"), "two")
		}},
		{name: "an out-of-band turn is answered, and not kept in the conversation", agent: recollection(), verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			aside := core.UserText("aside")
			aside.Delivery.OutOfBand = true
			s.answered(c, aside, "one then aside")
			s.answered(c, core.UserText("two"), "one then two")
		}},
		{name: "an item that is refused is not answered", faults: []string{"item-refused@2"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			s.say(c, core.UserText("one"))
			s.fails(c, core.UserText("two"), core.ErrorProtocol, "not taken")
			if got := len(s.events("response.create")); got != 1 {
				s.Errorf("%d responses were asked for, want 1", got)
			}
		}},
		{name: "a caller who leaves is not kept waiting", faults: []string{"silence"}, verify: func(s *stage) {
			c := s.talk(core.Start{})
			ctx, cancel := context.WithTimeout(s.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err := c.Send(ctx, core.UserText("hello")); !errors.Is(err, context.DeadlineExceeded) && core.KindOf(err) != core.ErrorTimeout {
				s.Errorf("got %v", err)
			}
		}},
	}
}

// mediaPromises are about audio and images.
func mediaPromises() []promise {
	return []promise{
		{name: "audio is resampled to what the session takes", verify: func(s *stage) {
			c := s.talk(core.Start{})
			for _, rate := range []int{8000, 16000, 44100, 48000} {
				s.answered(c, s.tone(time.Second, rate), "440 Hz for 1000 ms")
			}
		}},
		{name: "audio travels as G.711 where that is asked for", config: map[string]any{"audio_format": "pcmu"}, verify: func(s *stage) {
			reply := s.answered(s.talk(core.Start{}), s.tone(time.Second, 24000), "440 Hz for 1000 ms")
			for _, value := range reply.Message.Of(core.Audio) {
				if clip, _, err := audio.DecodeWAV(value.Data); err != nil || clip.Rate != 8000 {
					s.Errorf("the reply has %d samples a second (%v), want 8000", clip.Rate, err)
				}
			}
		}},
		{name: "long audio goes through the input buffer in pieces", verify: func(s *stage) {
			s.answered(s.talk(core.Start{}), s.tone(30*time.Second, 24000), "440 Hz for 30000 ms")
			if got := len(s.events("input_audio_buffer.append")); got < 2 {
				s.Errorf("%d pieces", got)
			}
		}},
		{name: "text and audio travel in one turn", agent: recollection(), verify: func(s *stage) {
			m := s.tone(time.Second, 24000)
			m.Parts = slices.Insert(m.Parts, 0, core.Part{Value: core.TextValue("listen:")})
			s.answered(s.talk(core.Start{}), m, "listen: 440 Hz for 1000 ms")
		}},
		{name: "an image travels with its question", agent: ToneAgent{Reply: func(_ context.Context, _ string, items []Item) (string, error) {
			return fmt.Sprint(len(items[len(items)-1].Images), " images"), nil
		}}, verify: func(s *stage) {
			m := core.UserText("what is this?")
			m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: "image/png", Data: []byte("picture")}})
			s.answered(s.talk(core.Start{}), m, "1 images")
		}},
	}
}
