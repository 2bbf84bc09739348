package realtime

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// machineFrames are the frames of a reply with two seconds of audio, 60 words
// and what stands around them.
func machineFrames() [][]byte {
	pcm := base64.StdEncoding.EncodeToString(audio.EncodeWAV(audio.Noise(200*time.Millisecond, pcmRate, -20, 1))[44:])
	const of = `"event_id":"event_B9KhhgNJTwfYTvNqiGpGN","response_id":"resp_B9KhbeMKf2aPOmKYjJUnm","item_id":"item_reply","output_index":0,"content_index":0`
	var frames [][]byte
	event := func(kind, format string, args ...any) {
		frames = append(frames, fmt.Appendf(nil, `{"type":"`+kind+`",`+format+`}`, args...))
	}
	event("response.created", `"response":{"id":"resp_B9KhbeMKf2aPOmKYjJUnm","metadata":{"turn":"turn-1"}}`)
	for range 10 {
		for i := range 6 {
			event("response.output_audio_transcript.delta", of+`,"delta":"word%02d "`, i)
		}
		event("response.output_audio.delta", of+`,"delta":"%s"`, pcm)
	}
	event("response.output_audio.done", of)
	event("response.output_audio_transcript.done", of+`,"transcript":%q`, strings.Repeat("word00 ", 60))
	event("response.done", `"response":{"id":"resp_B9KhbeMKf2aPOmKYjJUnm","status":"completed"}`)
	return frames
}

// BenchmarkMachine has a socket that is connected to nothing hand the events of
// a reply to a turn: what the decisions of a turn cost, and the decoding.
func BenchmarkMachine(b *testing.B) {
	frames := machineFrames()
	practice := &target{config: defaultConfig(), endpoint: endpoint{dialect: compatible()}}
	b.ReportAllocs()
	for b.Loop() {
		c := newConversation(practice, core.Start{})
		c.session.terms = terms{input: c.config.inputFormat(), output: c.config.outputFormat()}
		t, err := c.shared().newTurn(core.UserText("hello"))
		if err != nil {
			b.Fatal(err)
		}
		x := newExchange(t, nil, time.Time{})
		s := &socket{dialect: compatible(), machine: x, waiting: true, wake: make(chan struct{}, 1)}
		s.tell(x, signal{kind: signalBegan})
		s.tell(x, signal{kind: signalSent})
		for _, frame := range frames {
			s.came = time.Now()
			s.deliver(frame)
		}
		x.turns.release()
		if !x.done() || x.err != nil {
			b.Fatalf("the turn has not ended well: %v", x.err)
		}
	}
}
