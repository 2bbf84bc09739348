package realtime_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// detects has the service end turns after a short silence.
func detects(mode string) settings {
	switch mode {
	case "server_vad":
		return settings{"turn_detection": settings{"mode": mode, "silence_duration": "200ms"}, "transcription_model": "ears"}
	case "semantic_vad":
		return settings{"turn_detection": settings{"mode": mode, "eagerness": "high"}, "transcription_model": "ears"}
	}
	return settings{"transcription_model": "ears"}
}

// streamed returns a tone that is to be sent at the pace of speech.
func streamed(t testing.TB, length time.Duration) core.Message {
	t.Helper()
	m := spoken(t, length)
	m.Delivery.Stream = true
	return m
}

func TestAudioIsStreamedAtThePaceOfSpeech(t *testing.T) {
	for _, mode := range []string{"off", "server_vad", "semantic_vad"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := serveInMemory(t, realtimetest.ToneAgent{Reply: remembers().(realtimetest.ToneAgent).Reply})
				c := p.talk(t, detects(mode))
				p.sent(t)
				before := time.Now()
				reply := send(t, c, streamed(t, 600*time.Millisecond))
				if took := time.Since(before); took < 500*time.Millisecond {
					t.Errorf("600 ms of audio were sent within %s", took)
				}
				if got := reply.Message.Text(); !strings.HasPrefix(got, "440 Hz for ") || reply.Finish != core.FinishComplete {
					t.Errorf("answered with %q, %s (%s), warnings %q", got, reply.Finish, reply.Detail, reply.Warnings)
				}
				if !strings.HasPrefix(reply.Heard, "440 Hz for ") {
					t.Errorf("heard %q", reply.Heard)
				}
				events := typesOf(p.sent(t))
				if asked := slices.Contains(events, "response.create"); asked != (mode == "off") {
					t.Errorf("the service was asked to answer: %v", asked)
				}
				if appends := len(slices.DeleteFunc(events, func(e string) bool { return e != "input_audio_buffer.append" })); appends < 6 {
					t.Errorf("600 ms of audio came in %d pieces", appends)
				}
			})
		})
	}
}

func TestAServiceThatDetectsTurnsAndDoesNotAnswerByItselfIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := serveInMemory(t, remembers())
		c := p.talk(t, settings{"turn_detection": settings{"mode": "server_vad", "silence_duration": "200ms", "create_response": false}})
		if got := send(t, c, streamed(t, 300*time.Millisecond)).Message.Text(); !strings.HasPrefix(got, "440 Hz") {
			t.Errorf("answered with %q", got)
		}
		if got := len(of(p.sent(t), "response.create")); got != 1 {
			t.Errorf("it was asked %d times", got)
		}
	})
}

func TestAPauseInTheMiddleOfASentenceIsNotTheEndOfTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// The service takes the pause for the end of a turn and begins to answer;
		// what counts is the answer to the whole.
		half, err := audio.FromPCM(must(realtimetest.ToneAgent{}.Speak(t.Context(), "xxxx")), 24000)
		if err != nil {
			t.Fatal(err)
		}
		m := userAudio(audio.EncodeWAV(audio.Join(half, audio.Silence(600*time.Millisecond, 24000), half)))
		m.Delivery.Stream = true
		c := serveInMemory(t, remembers()).talk(t, detects("server_vad"))
		reply := send(t, c, m)
		if got := reply.Message.Text(); strings.Count(got, "440 Hz") != 2 {
			t.Errorf("answered with %q", got)
		}
		if !slices.Contains(reply.Warnings, "the service began to answer before the turn was over") {
			t.Errorf("warnings %q", reply.Warnings)
		}
		if got := send(t, c, core.UserText("and?")).Message.Text(); !strings.HasSuffix(got, "and?") {
			t.Errorf("the next turn is answered with %q", got)
		}
	})
}

func TestASilentTurnThatTheServiceNeverNoticesIsATimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := userAudio(audio.EncodeWAV(audio.Silence(200*time.Millisecond, 24000)))
		m.Delivery.Stream = true
		config := detects("server_vad")
		config["timeouts"] = settings{"first_event": "300ms"}
		c := serveInMemory(t, remembers()).talk(t, config)
		if _, err := c.Send(t.Context(), m); core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "turn detection") {
			t.Errorf("got a %q error: %v", core.KindOf(err), err)
		}
		if got := send(t, c, core.UserText("hello")).Message.Text(); got != "hello" {
			t.Errorf("the next turn is answered with %q", got)
		}
	})
}

func TestWrittenTurnsAndShortClipsAreAnsweredThoughTheServiceDetectsTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, remembers()).talk(t, detects("server_vad"))
		send(t, c, core.UserText("one"))
		if got := send(t, c, spoken(t, time.Second)).Message.Text(); got != "one then 440 Hz for 1000 ms" {
			t.Errorf("answered with %q", got)
		}
	})
}

func TestWhatIsWrittenInAStreamedTurnComesBeforeWhatIsSpoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, remembers()).talk(t, nil)
		m := streamed(t, 200*time.Millisecond)
		m.Parts = append(m.Parts, core.Part{Value: core.TextValue("look")})
		if got := send(t, c, m).Message.Text(); got != "look then 440 Hz for 200 ms" {
			t.Errorf("answered with %q", got)
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
