package realtime_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestTheAudioOfAReplyOutlivesTheNextTurn(t *testing.T) {
	c := serve(t, realtimetest.ToneAgent{}).talk(t, nil)
	first := send(t, c, core.UserText("hello there")).Message.Of(core.Audio)[0].Data
	before := bytes.Clone(first)
	send(t, c, core.UserText("and another one"))
	if !bytes.Equal(first, before) {
		t.Error("the next turn changed it")
	}
}

func TestAudioTurnsAreHeardAtTheRightPitchAndLength(t *testing.T) {
	tests := map[string]struct {
		rate, channels, bits int
		pitch                float64
		want                 string
	}{
		"8-bit mono at 8 kHz":      {8000, 1, 8, 500, "500 Hz for 1000 ms"},
		"16 kHz stereo":            {16000, 2, 16, 440, "440 Hz for 1000 ms"},
		"44.1 kHz mono":            {44100, 1, 16, 300, "300 Hz for 1000 ms"},
		"24 kHz mono, as required": {24000, 1, 16, 1000, "1000 Hz for 1000 ms"},
		"48 kHz stereo":            {48000, 2, 16, 700, "700 Hz for 1000 ms"},
	}
	p := serve(t, realtimetest.ToneAgent{})
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := p.talk(t, settings{"output": "text"})
			wav := sineWAV(test.rate, test.channels, test.bits, test.pitch)
			if got := send(t, c, userAudio(wav)).Message.Text(); got != test.want {
				t.Errorf("heard %q, want %q", got, test.want)
			}
		})
	}
}

// sineWAV makes a second of a tone by hand, so that nothing is tested against
// the encoder it uses itself.
func sineWAV(rate, channels, bits int, pitch float64) []byte {
	var data []byte
	for i := range rate {
		level := 0.5 * math.Sin(2*math.Pi*pitch*float64(i)/float64(rate))
		for range channels {
			if bits == 8 {
				data = append(data, byte(128+127*level))
			} else {
				data = binary.LittleEndian.AppendUint16(data, uint16(int16(32767*level)))
			}
		}
	}
	frame := channels * bits / 8
	wav := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(36+len(data)))...)
	wav = append(wav, "WAVEfmt \x10\x00\x00\x00\x01\x00"...)
	wav = binary.LittleEndian.AppendUint16(wav, uint16(channels))
	wav = binary.LittleEndian.AppendUint32(wav, uint32(rate))
	wav = binary.LittleEndian.AppendUint32(wav, uint32(rate*frame))
	wav = binary.LittleEndian.AppendUint16(wav, uint16(frame))
	wav = binary.LittleEndian.AppendUint16(wav, uint16(bits))
	wav = append(wav, "data"...)
	wav = binary.LittleEndian.AppendUint32(wav, uint32(len(data)))
	return append(wav, data...)
}

func TestLongAudioGoesThroughTheInputBufferAndShortAudioIntoAnItem(t *testing.T) {
	p := serve(t, realtimetest.ToneAgent{})
	tests := map[string]struct {
		length time.Duration
		want   []string
	}{
		"short": {time.Second, []string{"session.update", "conversation.item.create", "response.create"}},
		"long": {long, []string{
			"session.update", "input_audio_buffer.append", "input_audio_buffer.append", "input_audio_buffer.commit", "response.create",
		}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p.sent(t)
			c := p.talk(t, settings{"output": "text"})
			reply := send(t, c, spoken(t, test.length))
			if got, want := reply.Message.Text(), fmt.Sprintf("440 Hz for %d ms", test.length.Milliseconds()); got != want {
				t.Errorf("heard %q, want %q", got, want)
			}
			if diff := cmp.Diff(test.want, typesOf(p.sent(t))); diff != "" {
				t.Errorf("client events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextAndAudioTravelInOneTurnInTheirOrder(t *testing.T) {
	for name, length := range map[string]time.Duration{"short": time.Second, "long": long} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, remembers()).talk(t, settings{"output": "text"})
			m := spoken(t, length)
			m.Parts = append([]core.Part{{Value: core.TextValue("listen:")}}, m.Parts...)
			got := send(t, c, m).Message.Text()
			if !strings.HasPrefix(got, "listen:") || !strings.Contains(got, "440 Hz") {
				t.Errorf("the target understood %q", got)
			}
		})
	}
}
