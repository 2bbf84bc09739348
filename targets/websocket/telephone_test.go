package wstarget_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

// mediaStream is a configuration that plays the gateway of a telephone line, with mu-law
// in JSON, as media streams have it.
func mediaStream() keys {
	return keys{
		"opening": []any{
			keys{"event": "connected", "protocol": "Call", "version": "1.0.0"},
			keys{"event": "start", "streamSid": "MZ$(conversation)", "start": keys{"streamSid": "MZ$(conversation)", "mediaFormat": keys{"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}}},
		},
		"closing": []any{keys{"event": "stop", "streamSid": "MZ$(conversation)"}},
		"sound": keys{
			"encoding": "mulaw", "rate": 8000, "silence": true,
			"message": keys{"event": "media", "streamSid": "MZ$(conversation)", "media": keys{"track": "inbound", "chunk": "$(sound_number)", "timestamp": "$(sound_time)", "payload": "$(sound)"}},
		},
		"answers": []any{keys{"when": `.event == "mark"`, "send": `{event: "mark", streamSid, mark}`}},
		"reply":   keys{"sound": `select(.event == "media") | .media.payload`, "end": `.event == "mark"`},
	}
}

// agentOnALine answers a second of silence after speech with the speech, and a mark. It
// reports what it was sent.
func agentOnALine(report func(string)) func(talk) {
	return func(c talk) {
		var speech []byte
		silent, hears := 0, false
		for {
			m := c.object()
			if m == nil {
				return
			}
			if m["event"] != "media" {
				report(fmt.Sprint(m["event"]))
				continue
			}
			piece, _ := base64.StdEncoding.DecodeString(m["media"].(map[string]any)["payload"].(string))
			clip := audio.Clip{Rate: 8000, Samples: audio.DecodeMuLaw(piece)}
			if clip.RMS() > -40 {
				speech, silent, hears = append(speech, piece...), 0, true
			} else {
				silent++
			}
			if !hears || silent < 5 {
				continue
			}
			for sent := speech; len(sent) > 0; {
				n := min(160, len(sent))
				c.say(fmt.Sprintf(`{"event":"media","media":{"payload":%q}}`, base64.StdEncoding.EncodeToString(sent[:n])))
				sent = sent[n:]
			}
			c.say(fmt.Sprintf(`{"event":"mark","streamSid":%q,"mark":{"name":"end"}}`, m["streamSid"]))
			speech, hears = nil, false
		}
	}
}

func TestATelephoneLineCarriesSpeechBothWays(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		var mu sync.Mutex
		var events []string
		url := serve(t, agentOnALine(func(event string) {
			mu.Lock()
			defer mu.Unlock()
			events = append(events, event)
		}))
		c := begin(t, opened(t, s, config(url, mediaStream())), core.Start{Seed: 7})
		for range 2 {
			began := time.Now()
			reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(300*time.Millisecond, 24_000)}}})
			if err != nil || reply.Finish != core.FinishComplete {
				t.Fatalf("%s (%s), %v", reply.Finish, reply.Detail, err)
			}
			if took := time.Since(began); took < 300*time.Millisecond {
				t.Errorf("300ms of sound were sent within %v", took)
			}
			sounds := reply.Message.Of(core.Audio)
			if len(sounds) != 1 {
				t.Fatalf("the reply has %d sounds", len(sounds))
			}
			clip, _, err := audio.FromValue(sounds[0])
			if err != nil || clip.Rate != 8000 || clip.Duration() < 250*time.Millisecond || clip.Tone(440) < -20 {
				t.Errorf("the reply is %v, %v, with a tone of %.0f dB", clip, err, clip.Tone(440))
			}
		}
		if err := c.End(t.Context()); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if want := []string{"connected", "start", "mark", "mark", "stop"}; !slices.Equal(events, want) {
			t.Errorf("the service was told %q, want %q", events, want)
		}
	})
}
