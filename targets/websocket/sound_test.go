package wstarget_test

import (
	"math"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// tone is a WAV file with a tone of 440 Hz.
func tone(d time.Duration, rate int) core.Value {
	clip := audio.Clip{Rate: rate, Samples: make([]int16, int(d.Seconds()*float64(rate)))}
	for i := range clip.Samples {
		clip.Samples[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
	}
	return core.WAVValue(audio.EncodeWAV(clip))
}

func TestSoundTravelsInBinaryMessages(t *testing.T) {
	for _, encoding := range []keys{{"encoding": "pcm16", "rate": 16_000}, {"encoding": "pcm16be", "rate": 24_000}, {"encoding": "alaw", "rate": 8000}} {
		url := serve(t, func(c talk) {
			var heard []byte
			for {
				kind, data, err := c.ReadMessage()
				if err != nil {
					return
				}
				if kind == websocket.BinaryMessage {
					heard = append(heard, data...)
					continue
				}
				_ = c.WriteMessage(websocket.BinaryMessage, heard[:len(heard)/2])
				_ = c.WriteMessage(websocket.BinaryMessage, heard[len(heard)/2:])
				c.say(`{"transcript":"a tone","done":true}`)
			}
		})
		sound := with(encoding, "binary", true, "pace", false, "after", []any{keys{"type": "commit"}})
		c := begin(t, opened(t, inProcess{}, config(url, keys{"sound": sound, "reply": keys{"text": ".transcript", "end": ".done"}})), core.Start{})
		reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(time.Second, 24_000)}}})
		if err != nil || reply.Message.Text() != "a tone" || !reply.Message.Parts[0].Transcript {
			t.Fatalf("%+v, %v", reply.Message, err)
		}
		clip, _, err := audio.FromValue(reply.Message.Of(core.Audio)[0])
		if err != nil || clip.Duration().Round(10*time.Millisecond) != time.Second || clip.Tone(440) < -20 {
			t.Errorf("%v: the reply is %v, %v, with a tone of %.0f dB", encoding, clip, err, clip.Tone(440))
		}
	}
}

func TestWhetherTheServiceToldWhatItHeard(t *testing.T) {
	spoken := core.Message{Role: core.User, Parts: []core.Part{{Value: tone(time.Second, 8000)}}}
	heard := keys{"text": ".text", "end": ".text", "heard": ".heard // empty"}
	for _, test := range []struct {
		name             string
		reply            keys
		message          core.Message
		answer           string
		missing, unheard bool
	}{
		{"it told", heard, spoken, `{"text":"no","heard":"the code"}`, false, false},
		{"it told that it was nothing", heard, spoken, `{"text":"no","heard":""}`, false, true},
		{"it did not tell", heard, spoken, `{"text":"no"}`, true, false},
		{"nobody asked", keys{"text": ".text", "end": ".text"}, spoken, `{"text":"no"}`, false, false},
		{"nothing was spoken", heard, core.UserText("the code?"), `{"text":"no"}`, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			url := serve(t, func(c talk) {
				for {
					kind, _, err := c.ReadMessage()
					if err != nil {
						return
					}
					if kind == websocket.TextMessage {
						c.say(test.answer)
					}
				}
			})
			with := keys{"reply": test.reply}
			if len(test.message.Of(core.Audio)) > 0 {
				with["sound"] = keys{"rate": 8000, "binary": true, "pace": false, "after": []any{keys{"type": "commit"}}}
			}
			reply, err := begin(t, opened(t, inProcess{}, config(url, with)), core.Start{}).Send(t.Context(), test.message)
			if err != nil || reply.HeardMissing != test.missing || reply.Unheard != test.unheard {
				t.Errorf("missing %v, unheard %v, %v; want %v, %v", reply.HeardMissing, reply.Unheard, err, test.missing, test.unheard)
			}
		})
	}
}

func TestSoundThatBreaksOffIsNoDefence(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		_ = c.WriteMessage(websocket.BinaryMessage, make([]byte, 3200))
		_ = c.NetConn().Close()
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"sound": keys{"binary": true}, "reply": keys{"end": ".done"}})), core.Start{})
	reply, err := c.Send(t.Context(), core.UserText("x"))
	if core.KindOf(err) != core.ErrorUnavailable || reply.Finish != core.FinishBroken || len(reply.Message.Of(core.Audio)) != 1 {
		t.Errorf("%s, %d parts, %v", reply.Finish, len(reply.Message.Parts), err)
	}
}

func TestSoundThatCannotBeSentIsRefused(t *testing.T) {
	c := begin(t, opened(t, inProcess{}, config(echo(t), nil)), core.Start{})
	_, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(time.Second, 8000)}}})
	if core.KindOf(err) != core.ErrorUnsupported || core.HintOf(err) != "give sound.message or sound.binary" {
		t.Errorf("error %v (%s)", err, core.HintOf(err))
	}
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "x" {
		t.Errorf("afterwards: %q, %v", reply.Message.Text(), err)
	}
	if _, err := c.Send(t.Context(), core.UserText("\xff")); core.KindOf(err) != core.ErrorInput {
		t.Errorf("a text that is not UTF-8: %v", err)
	}
}

func TestAReplyDoesNotEndWhileTheTurnIsStillSpoken(t *testing.T) {
	url := serve(t, func(c talk) {
		_, _, _ = c.ReadMessage() // the first piece
		c.say(`{"t":"Yes? ","done":true}`)
		for {
			kind, _, err := c.ReadMessage()
			if err != nil {
				return
			}
			if kind == websocket.TextMessage {
				c.say(`{"t":"The code.","done":true}`)
			}
		}
	})
	sound := keys{"binary": true, "after": []any{keys{"type": "commit"}}}
	c := begin(t, opened(t, inProcess{}, config(url, keys{"sound": sound, "reply": keys{"text": ".t", "end": ".done"}})), core.Start{})
	reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(time.Second, 16_000)}}})
	outcome{text: "Yes? The code.", finish: core.FinishComplete}.check(t, reply, err)
}

func TestSilenceIsSentAtThePaceAtWhichItPlays(t *testing.T) {
	const pieces = 10
	url := serve(t, func(c talk) {
		c.read() // the turn
		for range pieces {
			c.read()
		}
		c.say(`{"t":"yes","done":true}`)
		for c.read() != "" {
		}
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"sound": keys{"binary": true, "silence": true}, "reply": keys{"text": ".t", "end": ".done"}})), core.Start{})
	reply, err := c.Send(t.Context(), core.UserText("x"))
	if took := reply.Timing.Total; err != nil || took < (pieces-1)*20*time.Millisecond {
		t.Errorf("%d pieces of 20ms were sent within %s, %v", pieces, took, err)
	}
}

func TestARuleHoldsForACloseWhileTheTurnIsSpoken(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		c.say(`{"t":"I cannot"}`)
		c.closeWith(4003, "policy 7")
	})
	more := with(closing("close", []int{4003}, "is", "blocked"), "sound", keys{"binary": true})
	c := begin(t, opened(t, inProcess{}, config(url, more)), core.Start{})
	reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(time.Second, 16_000)}}})
	outcome{text: "I cannot", finish: core.FinishBlocked, detail: "policy 7"}.check(t, reply, err)
}
