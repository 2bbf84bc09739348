package realtime_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// benchServerEnv is set in the process that only serves the benchmarks.
const benchServerEnv = "REALTIME_BENCH_SERVER"

// startBenchServer starts the benchmarks' server in a process of its own and
// returns its base URL.
func startBenchServer(tb testing.TB) string {
	tb.Helper()
	server := exec.Command(os.Args[0], "-test.run=^TestServeTheBenchmarks$")
	server.Env = append(os.Environ(), benchServerEnv+"=1")
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := server.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		stdin.Close() // which ends it
		if err := server.Wait(); err != nil {
			tb.Errorf("the server: %v", err)
		}
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		tb.Fatalf("the server does not say where it is: %v", err)
	}
	return strings.TrimSpace(url)
}

// TestServeTheBenchmarks is no test: it is what the server's process runs,
// until its standard input is closed.
func TestServeTheBenchmarks(t *testing.T) {
	if os.Getenv(benchServerEnv) == "" {
		return
	}
	web := httptest.NewServer(newBenchServer())
	fmt.Println("ws" + strings.TrimPrefix(web.URL, "http") + "/v1")
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0) // whoever is still connected is of no interest
}

// benchServer plays the same reply to everybody, at next to no cost: all but
// one of its frames are ready for the network.
type benchServer struct {
	upgrader         websocket.Upgrader
	created, updated []byte
	reply            []byte // all frames but the first
}

// The pieces of the reply: 60 transcript deltas and ten audio deltas of 200 ms.
// With the events around them that makes 81 frames and 147 kB.
const (
	benchWords  = 60
	benchChunks = 10
	benchItem   = `{"id":"item_reply","object":"realtime.item","type":"message","status":"completed","role":"assistant","content":[{"type":"output_audio","transcript":%q}]}`
)

// benchReply returns what a client should make of the reply.
func benchReply() (wav []byte, text string) {
	for i := range benchWords {
		text += fmt.Sprintf("word%02d ", i)
	}
	return audio.EncodeWAV(audio.Noise(2*time.Second, 24000, -20, 1)), text
}

func newBenchServer() *benchServer {
	const session = `"session":{"type":"realtime","object":"realtime.session","id":"sess_1","output_modalities":["audio"],"truncation":"disabled",` +
		`"audio":{"input":{"format":{"type":"audio/pcm","rate":24000},"turn_detection":null},"output":{"format":{"type":"audio/pcm","rate":24000},"voice":"marin"}}}`
	return &benchServer{
		created: textFrame(`{"type":"session.created","event_id":"event_1",` + session + `}`),
		updated: textFrame(`{"type":"session.updated","event_id":"event_2",` + session + `}`),
		reply:   benchFrames(),
	}
}

// benchFrames are the frames of a reply behind response.created, in the order
// in which the service sends them.
func benchFrames() []byte {
	wav, text := benchReply()
	pcm := wav[44:]
	item := fmt.Sprintf(benchItem, text)
	var frames []byte
	event := func(kind, format string, args ...any) {
		frames = append(frames, textFrame(`{"type":"`+kind+`","event_id":"event_B9KhhgNJTwfYTvNqiGpGN",`+fmt.Sprintf(format, args...)+`}`)...)
	}
	const of = `"response_id":"resp_B9KhbeMKf2aPOmKYjJUnm","item_id":"item_reply","output_index":0,"content_index":0`
	event("rate_limits.updated", `"rate_limits":[{"name":"tokens","limit":40000,"remaining":39000,"reset_seconds":1.5}]`)
	event("response.output_item.added", `"response_id":"resp_B9KhbeMKf2aPOmKYjJUnm","output_index":0,"item":{"id":"item_reply","object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}`)
	event("conversation.item.added", `"previous_item_id":"item_1","item":{"id":"item_reply","object":"realtime.item","type":"message","status":"in_progress","role":"assistant","content":[]}`)
	event("response.content_part.added", of+`,"part":{"type":"audio","transcript":""}`)
	for i := range benchChunks {
		for _, word := range strings.SplitAfter(text, " ")[6*i : 6*i+6] {
			event("response.output_audio_transcript.delta", of+`,"delta":%q`, word)
		}
		n := len(pcm) / benchChunks
		event("response.output_audio.delta", of+`,"delta":"%s"`, base64.StdEncoding.EncodeToString(pcm[i*n:i*n+n]))
	}
	event("response.output_audio.done", of)
	event("response.output_audio_transcript.done", of+`,"transcript":%q`, text)
	event("response.content_part.done", of+`,"part":{"type":"audio","transcript":%q}`, text)
	event("response.output_item.done", `"response_id":"resp_B9KhbeMKf2aPOmKYjJUnm","output_index":0,"item":%s`, item)
	event("conversation.item.done", `"previous_item_id":"item_1","item":%s`, item)
	event("response.done", `"response":{"object":"realtime.response","id":"resp_B9KhbeMKf2aPOmKYjJUnm","status":"completed","status_details":null,"output":[%s],`+
		`"usage":{"total_tokens":120,"input_tokens":20,"output_tokens":100,"input_token_details":{"text_tokens":20,"audio_tokens":0,"cached_tokens":0},"output_token_details":{"text_tokens":60,"audio_tokens":40}}}`, item)
	return frames
}

// textFrame is a server's websocket frame, which is not masked.
func textFrame(payload string) []byte {
	frame := []byte{0x81}
	switch n := len(payload); {
	case n < 126:
		frame = append(frame, byte(n))
	case n <= 0xFFFF:
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, 127), uint64(n))
	}
	return append(frame, payload...)
}

func (s *benchServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer conn.Close()
	if _, err := conn.NetConn().Write(s.created); err != nil {
		return
	}
	var frame, answer []byte
	for {
		if frame, err = readWhole(conn, frame); err != nil {
			return
		}
		answer = s.answer(answer[:0], frame)
		if _, err := conn.NetConn().Write(answer); err != nil {
			return
		}
	}
}

// answer appends the answer to a client's frame.
func (s *benchServer) answer(b, frame []byte) []byte {
	switch string(stringAt(frame, `"type":"`)) {
	case "session.update":
		return append(b, s.updated...)
	case "conversation.item.create":
		item := fmt.Sprintf(`"item":{"id":"%s","object":"realtime.item","type":"message","status":"completed","role":"user","content":[{"type":"input_text","text":"hello"}]}}`, stringAt(frame, `"item":{"id":"`))
		b = append(b, textFrame(`{"type":"conversation.item.added","event_id":"event_3","previous_item_id":null,`+item)...)
		return append(b, textFrame(`{"type":"conversation.item.done","event_id":"event_4","previous_item_id":null,`+item)...)
	case "response.create":
		_, metadata, _ := bytes.Cut(frame, []byte(`"metadata":`))
		metadata, _, _ = bytes.Cut(metadata, []byte("}"))
		created := fmt.Sprintf(`{"type":"response.created","event_id":"event_5","response":{"object":"realtime.response","id":"resp_B9KhbeMKf2aPOmKYjJUnm","status":"in_progress","status_details":null,"output":[],"metadata":%s}}}`, metadata)
		return append(append(b, textFrame(created)...), s.reply...)
	}
	return append(b, textFrame(`{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"this server knows no such event"}}`)...)
}
