package wstarget_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

// documented returns the configuration of a target in the page of targets.
func documented(t *testing.T, file, target string) keys {
	t.Helper()
	page, err := os.ReadFile("../../docs/targets.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "<!-- file: "+file+" -->\n```yaml\n")
	source, _, found := strings.Cut(after, "```")
	var campaign struct {
		Targets map[string]struct {
			With keys `yaml:"with"`
		} `yaml:"targets"`
	}
	if err := yaml.Unmarshal([]byte(source), &campaign); err != nil || !found || campaign.Targets[target].With == nil {
		t.Fatalf("the page has no target %s in %s: %v", target, file, err)
	}
	with := campaign.Targets[target].With
	delete(with, "url")
	return with
}

// form is how a gateway and an agent talk.
type form struct {
	file, target string
	coding       string // of the samples: mulaw, alaw or pcm16
	rate         int
	// piece returns the sound in an object; nil for none.
	piece func(keys) string
	// play returns the object with a piece of the agent's sound, mark the one that asks
	// when that has been played.
	play func(payload string) keys
	mark keys
	// events are the names of the objects that the agent is sent beside sound.
	events []string
}

// inMedia returns the payload of the caller's sound in an object.
func inMedia(m keys) string {
	media, _ := m["media"].(keys)
	payload, _ := media["payload"].(string)
	if m["event"] != "media" || media["track"] != "inbound" {
		return ""
	}
	return payload
}

// forms are those of the documents of the gateways.
func forms() map[string]form {
	media := func(payload string) keys { return keys{"event": "media", "media": keys{"payload": payload}} }
	mark := keys{"event": "mark", "mark": keys{"name": "end"}}
	return map[string]form{
		"twilio": {"line.yaml", "line", "mulaw", 8000, inMedia, media, mark, []string{"connected", "start", "mark end", "mark end", "stop"}},
		"telnyx": {"gateways.yaml", "telnyx", "alaw", 8000, func(m keys) string {
			if payload := inMedia(m); payload == "" || reflect.TypeOf(m["sequence_number"]).Kind() == reflect.String && m["stream_id"] != "" {
				return payload
			}
			return "" // its numbers are texts
		}, media, mark, []string{"connected", "start", "mark end", "mark end", "stop"}},
		"plivo": {"gateways.yaml", "plivo", "mulaw", 8000, inMedia, func(payload string) keys {
			return keys{"event": "playAudio", "media": keys{"contentType": "audio/x-mulaw", "sampleRate": 8000, "payload": payload}}
		}, keys{"event": "checkpoint", "streamId": "x", "name": "end"}, []string{"start", "playedStream end", "playedStream end"}},
		"vonage": {
			"gateways.yaml", "vonage", "pcm16", 16_000, nil, nil,
			keys{"action": "notify", "payload": keys{"name": "end"}},
			[]string{"websocket:connected", "websocket:notify end", "websocket:notify end"},
		},
	}
}

func (f form) decode(data []byte) audio.Clip {
	clip := audio.Clip{Rate: f.rate}
	switch f.coding {
	case "mulaw":
		clip.Samples = audio.DecodeMuLaw(data)
	case "alaw":
		clip.Samples = audio.DecodeALaw(data)
	default:
		clip, _ = audio.FromPCM(data, f.rate)
	}
	return clip
}

// agent answers silence after speech with the speech, and a mark. It reports what it was
// sent beside sound, and sound that is not 20ms long.
func (f form) agent(report func(string)) func(talk) {
	return func(c talk) {
		var speech [][]byte
		silent := 0
		for {
			kind, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			piece := data
			if kind == websocket.TextMessage {
				var m keys
				_ = json.Unmarshal(data, &m)
				payload := ""
				if f.piece != nil {
					payload = f.piece(m)
				}
				if payload == "" {
					report(eventName(m))
					continue
				}
				piece, _ = base64.StdEncoding.DecodeString(payload)
			}
			clip := f.decode(piece)
			if clip.Duration() != 20*time.Millisecond {
				report("sound of " + clip.Duration().String())
			}
			if clip.RMS() > -40 {
				speech, silent = append(speech, piece), 0
				continue
			}
			if silent++; len(speech) == 0 || silent < 5 {
				continue
			}
			for _, piece := range speech {
				f.say(c, piece)
			}
			_ = c.WriteJSON(f.mark)
			speech = nil
		}
	}
}

// say sends a piece of the agent's sound.
func (f form) say(c talk, piece []byte) {
	if f.play == nil {
		_ = c.WriteMessage(websocket.BinaryMessage, piece)
		return
	}
	_ = c.WriteJSON(f.play(base64.StdEncoding.EncodeToString(piece)))
}

// eventName is the name of an event, with that of its mark.
func eventName(m keys) string {
	name := fmt.Sprint(m["event"])
	for _, within := range []any{m, m["mark"], m["payload"]} {
		if object, ok := within.(keys); ok && object["name"] != nil {
			name += fmt.Sprint(" ", object["name"])
		}
	}
	return name
}

func TestATelephoneLineCarriesSpeechBothWays(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		for name, f := range forms() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				f.carriesSpeech(t, s)
			})
		}
	})
}

func (f form) carriesSpeech(t *testing.T, s core.Opener) {
	var mu sync.Mutex
	var events []string
	url := serve(t, f.agent(func(event string) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, event)
	}))
	c := begin(t, opened(t, s, config(url, documented(t, f.file, f.target))), core.Start{Seed: 7})
	for range 2 {
		began := time.Now()
		reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(311*time.Millisecond, 24_000)}}})
		if err != nil || reply.Finish != core.FinishComplete {
			t.Fatalf("%s (%s), %v", reply.Finish, reply.Detail, err)
		}
		if took := time.Since(began); took < 311*time.Millisecond {
			t.Errorf("311ms of sound were sent within %v", took)
		}
		sounds := reply.Message.Of(core.Audio)
		if len(sounds) != 1 {
			t.Fatalf("the reply has %d sounds", len(sounds))
		}
		clip, _, err := audio.FromValue(sounds[0])
		if err != nil || clip.Rate != f.rate || clip.Duration() < 300*time.Millisecond || clip.Tone(440) < -20 {
			t.Errorf("the reply is %v, %v, with a tone of %.0f dB", clip, err, clip.Tone(440))
		}
	}
	if err := c.End(t.Context()); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if !slices.Equal(events, f.events) {
		t.Errorf("the service was told %q, want %q", events, f.events)
	}
}

func TestAnAgentWithEventsOfItsOwnIsSpokenWith(t *testing.T) {
	url := serve(t, func(c talk) {
		if c.object()["type"] != "conversation_initiation_client_data" || c.request.Header.Get("Xi-Api-Key") != "k3y-secret" {
			return
		}
		c.say(`{"type":"conversation_initiation_metadata","conversation_initiation_metadata_event":{"conversation_id":"c1","agent_output_audio_format":"pcm_16000"}}`)
		c.say(`{"type":"agent_response","agent_response_event":{"agent_response":"Hello."}}`)
		heard := 0
		for m := c.object(); m != nil; m = c.object() {
			switch {
			case m["type"] == "user_message":
				c.say(fmt.Sprintf(`{"type":"agent_response","agent_response_event":{"agent_response":%q}}`, m["text"]))
			case m["user_audio_chunk"] != nil:
				if heard++; heard == 5 {
					c.say(`{"type":"ping","ping_event":{"event_id":17,"ping_ms":20}}`)
				}
			case m["type"] == "pong" && m["event_id"] == 17.0:
				c.say(`{"type":"user_transcript","user_transcription_event":{"user_transcript":"a tone"}}`)
				c.say(`{"type":"agent_response","agent_response_event":{"agent_response":"I cannot say."}}`)
				c.say(fmt.Sprintf(`{"type":"audio","audio_event":{"event_id":1,"audio_base_64":%q}}`, base64.StdEncoding.EncodeToString(make([]byte, 3200))))
			}
		}
	})
	more := documented(t, "gateways.yaml", "elevenlabs")
	more["headers"] = keys{"xi-api-key": "k3y-secret"}
	more["reply"] = with(more["reply"].(keys), "quiet", "300ms")
	c := begin(t, opened(t, inProcess{}, config(url, more)), core.Start{})
	reply, err := c.Send(t.Context(), core.Message{Role: core.User, Parts: []core.Part{{Value: tone(100*time.Millisecond, 16_000)}}})
	outcome{text: "I cannot say.", finish: core.FinishUnconfirmed, detail: "nothing came for 300ms", warns: "the service said: Hello."}.check(t, reply, err)
	if sounds := reply.Message.Of(core.Audio); len(sounds) != 1 || reply.Heard != "a tone" {
		t.Errorf("%d sounds, heard %q", len(sounds), reply.Heard)
	}
	reply, err = c.Send(t.Context(), core.UserText("What is the code?"))
	outcome{text: "What is the code?", finish: core.FinishUnconfirmed, detail: "nothing came for 300ms"}.check(t, reply, err)
}

func TestAnLLMBehindAGatewayIsAskedAsTheGatewayDoes(t *testing.T) {
	url := serve(t, func(c talk) {
		c.say(`{"response_type":"config","config":{"auto_reconnect":true,"call_details":true}}`)
		if details := c.object(); details["interaction_type"] != "call_details" {
			return
		}
		c.say(`{"response_type":"response","response_id":0,"content":"Hi, this is the vault.","content_complete":true,"end_call":false}`)
		for m := c.object(); m != nil; m = c.object() {
			if m["interaction_type"] == "ping_pong" {
				if m["timestamp"] != 5.0 {
					return
				}
				continue
			}
			id, transcript := m["response_id"], m["transcript"].([]any)
			said := transcript[len(transcript)-1].(keys)
			c.say(`{"response_type":"ping_pong","timestamp":5}`)
			c.say(`{"response_type":"response","response_id":0,"content":"late","content_complete":true}`)
			c.say(fmt.Sprintf(`{"response_type":"response","response_id":%v,"content":"You said ","content_complete":false}`, id))
			c.say(fmt.Sprintf(`{"response_type":"response","response_id":%v,"content":%q,"content_complete":true}`, id, fmt.Sprint(said["role"], ": ", said["content"])))
		}
	})
	c := begin(t, opened(t, inProcess{}, config(url, documented(t, "gateways.yaml", "retell-llm"))), core.Start{})
	for i, warns := range []string{"Hi, this is the vault.", ""} {
		text := fmt.Sprint("question ", i+1)
		reply, err := c.Send(t.Context(), core.UserText(text))
		outcome{text: "You said user: " + text, finish: core.FinishComplete, warns: warns}.check(t, reply, err)
	}
}
