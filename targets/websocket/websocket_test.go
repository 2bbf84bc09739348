package wstarget_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

func components() []core.Component { return []core.Component{wstarget.Component()} }

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "plugintest-") {
		plugintest.Main(m, components()...)
		return
	}
	goleak.VerifyTestMain(m)
}

// talk is a server's end of a socket.
type talk struct {
	*websocket.Conn
	request *http.Request
}

// read returns the next text message; "" at the end.
func (c talk) read() string {
	_, data, err := c.ReadMessage()
	if err != nil {
		return ""
	}
	return string(data)
}

// object returns the next message as a JSON object; nil at the end.
func (c talk) object() map[string]any {
	var v map[string]any
	if json.Unmarshal([]byte(c.read()), &v) != nil {
		return nil
	}
	return v
}

func (c talk) say(text string) { _ = c.WriteMessage(websocket.TextMessage, []byte(text)) }

func (c talk) closeWith(code int, text string) {
	_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	_, _, _ = c.ReadMessage() // the client's answer
}

// each answers each text message with f, until the end.
func each(f func(c talk, text string)) func(talk) {
	return func(c talk) {
		for {
			_, data, err := c.ReadMessage()
			if err != nil {
				return
			}
			f(c, string(data))
		}
	}
}

// serve starts a server whose connections f handles, and returns its address.
func serve(t testing.TB, f func(talk)) string {
	t.Helper()
	var open sync.WaitGroup
	upgrader := websocket.Upgrader{Subprotocols: []string{"chat.v2"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		open.Add(1) // while the server knows the connection
		defer open.Done()
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		f(talk{conn, r})
	}))
	t.Cleanup(func() {
		server.Close()
		open.Wait()
	})
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

type keys = map[string]any

func config(url string, more keys) string {
	all := keys{"url": url, "greeting": false}
	for key, value := range more {
		all[key] = value
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func opened(t *testing.T, s core.Opener, config string) core.Target {
	t.Helper()
	target, err := core.OpenAs[core.Target](t.Context(), s, "websocket", []byte(config))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return target
}

func begin(t *testing.T, target core.Target, start core.Start) core.Conversation {
	t.Helper()
	c, err := target.StartConversation(t.Context(), start)
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	t.Cleanup(func() {
		if err := c.End(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("ending the conversation: %v", err)
		}
	})
	return c
}

// echo is a server that answers each message with itself.
func echo(t testing.TB) string { return serve(t, each(func(c talk, text string) { c.say(text) })) }

func TestTheTargetConforms(t *testing.T) {
	plugintest.Test(t, components(), plugintest.Case{
		Kind: core.KindTarget, Use: "websocket",
		Config: config(serve(t, each(func(c talk, text string) {
			if strings.HasPrefix(text, `{"say"`) {
				c.say(`{"reply":"heard"}`)
			}
		})), keys{
			"opening": []any{keys{"system": "$(system_prompt)", "history": "$(history)"}},
			"message": []any{keys{"say": "$(prompt)"}},
			"reply":   keys{"text": ".reply"},
		}),
	})
}

// outcome is what is expected of one message.
type outcome struct {
	text   string
	finish core.Finish
	detail string
	kind   core.ErrorKind
	says   string
	warns  string
}

func (o outcome) check(t *testing.T, reply core.Reply, err error) {
	t.Helper()
	if reply.Message.Text() != o.text || reply.Finish != o.finish || !strings.Contains(reply.Detail, o.detail) {
		t.Errorf("the reply is %s (%s): %q; want %s (%s): %q", reply.Finish, reply.Detail, reply.Message.Text(), o.finish, o.detail, o.text)
	}
	if core.KindOf(err) != o.kind || !strings.Contains(fmt.Sprint(err), o.says) {
		t.Errorf("error %v (%s), want %q saying %q", err, core.KindOf(err), o.kind, o.says)
	}
	if warnings := strings.Join(reply.Warnings, "\n"); !strings.Contains(warnings, o.warns) || o.warns == "" && warnings != "" {
		t.Errorf("warnings %q, want %q", warnings, o.warns)
	}
}

// faultCase is a service with its configuration.
type faultCase struct {
	serve  func(talk)
	config keys
	want   outcome
}

// answering returns a service that sends texts after each message.
func answering(texts ...string) func(talk) {
	return each(func(c talk, _ string) {
		for _, text := range texts {
			c.say(text)
		}
	})
}

// thenClosed sends texts after the first message, and closes.
func thenClosed(code int, texts ...string) func(talk) {
	return func(c talk) {
		c.read()
		for _, text := range texts {
			c.say(text)
		}
		if code == 0 {
			_ = c.NetConn().Close()
			return
		}
		c.closeWith(code, "bye")
	}
}

func cases() map[string]faultCase {
	const complete, broken, unconfirmed = core.FinishComplete, core.FinishBroken, core.FinishUnconfirmed
	stream := keys{"reply": keys{"text": ".t // empty", "end": `.type == "end"`}}
	ruled := func(is string) keys {
		return keys{"reply": keys{"text": ".t // empty", "end": ".end"}, "rules": []any{keys{"jq": ".error", "is": is, "say": ".error"}}}
	}
	return map[string]faultCase{
		"one message":                 {answering("hi"), nil, outcome{text: "hi", finish: complete}},
		"a number":                    {answering("42"), nil, outcome{text: "42", finish: complete}},
		"pieces":                      {answering(`{"t":"a"}`, `{"type":"typing"}`, `{"t":"b"}`, `{"type":"end"}`), stream, outcome{text: "ab", finish: complete}},
		"an end and nothing":          {answering(`{"type":"end"}`), stream, outcome{finish: unconfirmed, detail: "answered with nothing"}},
		"an end and what is not seen": {answering(`{"t":"\u200b \ufeff"}`, `{"type":"end"}`), stream, outcome{text: "\u200b \ufeff", finish: unconfirmed, detail: "answered with nothing"}},
		"half a character":            {answering(`{"t":"It is \ufffd"}`, `{"type":"end"}`), stream, outcome{text: "It is \ufffd", finish: core.FinishTruncated, detail: "middle of a character"}},
		"an end with the text":        {answering(`{"t":"a","type":"end"}`), stream, outcome{text: "a", finish: complete}},
		"a regular expression":        {answering("Bot> yes <"), keys{"reply": keys{"regex": "Bot> (.*) <"}}, outcome{text: "yes", finish: complete}},
		"quiet":                       {answering(`{"t":"a"}`), keys{"reply": keys{"text": ".t", "quiet": "300ms"}}, outcome{text: "a", finish: unconfirmed, detail: "nothing came for 300ms"}},
		"a filter":                    {answering(`{"t":"I "}`, `{"error":"policy 7"}`), ruled("blocked"), outcome{text: "I ", finish: core.FinishBlocked, detail: "policy 7"}},
		"a cut":                       {answering(`{"t":"I "}`, `{"error":"length"}`), ruled("truncated"), outcome{text: "I ", finish: core.FinishTruncated, detail: "length"}},
		"an error":                    {answering(`{"error":"no model"}`), ruled("error"), outcome{kind: core.ErrorProtocol, says: "no model"}},
		"an error after a piece":      {answering(`{"t":"the code"}`, `{"error":"no model"}`), ruled("unavailable"), outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "no model"}},
		"a limit":                     {answering(`{"error":"slow down"}`), ruled("rate_limited"), outcome{kind: core.ErrorRateLimited, says: "slow down"}},
		"refused credentials":         {answering(`{"error":"who are you"}`), ruled("auth"), outcome{kind: core.ErrorAuth, says: "who are you"}},
		"an ignored event":            {answering(`{"error":"a hint","t":"x"}`, `{"t":"a","end":true}`), ruled("ignored"), outcome{text: "a", finish: complete}},
		"a rule that ends":            {answering(`{"t":"a"}`, `{"error":"fine"}`), ruled("complete"), outcome{text: "a", finish: complete}},
		"too long":                    {answering(`{"t":"aaaaaaaaaa"}`, `{"t":"b"}`, `{"type":"end"}`), with(stream, "max_reply_bytes", 4), outcome{text: "aaaa", finish: core.FinishTruncated, detail: "max_reply_bytes"}},
		"too long an event":           {answering(strings.Repeat("x", 5000)), keys{"max_message_bytes": 100}, outcome{kind: core.ErrorProtocol, says: "more than 100 bytes"}},
		"no text":                     {answering(`{"t":5}`), stream, outcome{kind: core.ErrorProtocol, says: "reply.text gives"}},
		"binary":                      {each(func(c talk, _ string) { _ = c.WriteMessage(websocket.BinaryMessage, []byte("x")) }), nil, outcome{kind: core.ErrorProtocol, says: "binary message"}},
		"nothing":                     {answering(), keys{"timeouts": keys{"turn": "300ms"}}, outcome{kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a piece and nothing":         {answering(`{"t":"the code"}`), with(stream, "timeouts", keys{"turn": "300ms"}), outcome{text: "the code", finish: broken, kind: core.ErrorTimeout, says: "no whole reply within 300ms"}},
		"a lost connection":           {thenClosed(0, `{"t":"the code"}`), stream, outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "connection was lost"}},
		"a close":                     {thenClosed(1000, `{"t":"the code"}`), stream, outcome{text: "the code", finish: broken, kind: core.ErrorUnavailable, says: "close 1000"}},
		"going away":                  {thenClosed(1001), stream, outcome{kind: core.ErrorUnavailable, says: "close 1001"}},
		"a protocol error":            {thenClosed(1002), stream, outcome{kind: core.ErrorProtocol, says: "close 1002"}},
		"a policy":                    {thenClosed(1008), stream, outcome{kind: core.ErrorAuth, says: "close 1008"}},
		"a greeting": {func(c talk) {
			c.say(`{"t":"Welcome."}`)
			c.say(`{"type":"end"}`)
			answering(`{"t":"a"}`, `{"type":"end"}`)(c)
		}, with(stream, "greeting", true), outcome{text: "a", finish: complete, warns: "before the first turn the service said: Welcome."}},
		"ready and taken": {func(c talk) {
			if got := c.object(); got["token"] != "s3cret" {
				return
			}
			c.say(`{"type":"session","id":17}`)
			c.say(fmt.Sprintf(`{"t":%q,"type":"end"}`, fmt.Sprint(c.object())))
			c.read()
		}, with(stream, "opening", []any{keys{"token": "$(secrets.KEY)"}}, "secrets", keys{"KEY": "s3cret"}, "ready", `.type == "session"`,
			"take", keys{"id": ".id"}, "message", []any{keys{"s": "$(taken.id)", "n": "$(turn)", "text": "<$(prompt)> $$(x)"}}), outcome{text: "map[n:1 s:17 text:<hello \"you\"> $(x)]", finish: complete}},
		"an answered ping": {each(func(c talk, text string) {
			if !strings.Contains(text, "pong") {
				c.say(`{"type":"ping","n":3}`)
				return
			}
			c.say(fmt.Sprintf(`{"t":%q,"type":"end"}`, text))
		}), with(stream, "answers", []any{keys{"when": `.type == "ping"`, "send": `{type: "pong", n}`}}), outcome{text: `{"n":3,"type":"pong"}`, finish: complete}},
		"a missing value": {answering(), with(stream, "take", keys{"id": ".id"}, "message", []any{"$(taken.id)"}), outcome{kind: core.ErrorProtocol, says: "no event has held"}},
	}
}

func with(k keys, more ...any) keys {
	all := keys{}
	for key, value := range k {
		all[key] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i].(string)] = more[i+1]
	}
	return all
}

func TestWhatAServiceSendsIsTakenForWhatItIs(t *testing.T) {
	plugintest.Each(t, components(), func(t *testing.T, s plugintest.Source) {
		for name, test := range cases() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c := begin(t, opened(t, s, config(serve(t, test.serve), test.config)), core.Start{})
				reply, err := c.Send(t.Context(), core.UserText(`hello "you"`))
				test.want.check(t, reply, err)
				if err != nil && core.SubjectOf(err) == core.SubjectReachability {
					t.Errorf("the error speaks of reachability: %v", err)
				}
			})
		}
	})
}

func TestAConnectionThatIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   core.ErrorKind
	}{"no key": {401, core.ErrorAuth}, "a limit": {429, core.ErrorRateLimited}, "down": {503, core.ErrorUnavailable}, "no socket": {200, core.ErrorProtocol}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }))
			defer server.Close()
			_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(server.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), fmt.Sprint(test.status)) {
				t.Errorf("error %v (%s), want %s", err, core.KindOf(err), test.kind)
			}
		})
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(closed.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
	if core.SubjectOf(err) != core.SubjectReachability {
		t.Errorf("nobody listens: %v (%s)", err, core.SubjectOf(err))
	}
}

// inProcess opens the target in this process.
type inProcess struct{}

func (inProcess) Open(ctx context.Context, _ core.Kind, _ string, config []byte) (any, error) {
	return wstarget.Component().Open(ctx, config)
}

func TestAServiceThatIsNotReadyInTime(t *testing.T) {
	for name, more := range map[string]keys{"no ready": {"ready": ".ok"}, "no greeting": {"greeting": true}} {
		more["timeouts"] = keys{"connect": "300ms"}
		_, err := opened(t, inProcess{}, config(serve(t, answering()), more)).StartConversation(t.Context(), core.Start{})
		if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "not ready within 300ms") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsSaidBetweenTurnsIsNoReply(t *testing.T) {
	said := make(chan struct{})
	url := serve(t, func(c talk) {
		c.read()
		c.say("one")
		c.say("by the way")
		close(said)
		c.read()
		c.say("two")
		c.read()
	})
	c := begin(t, opened(t, inProcess{}, config(url, nil)), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "one" {
		t.Fatalf("%q, %v", reply.Message.Text(), err)
	}
	<-said
	time.Sleep(200 * time.Millisecond) // for the message to arrive; where it is late, it is the reply, and the test says so
	reply, err := c.Send(t.Context(), core.UserText("x"))
	outcome{text: "two", finish: core.FinishComplete, warns: "before this turn was sent the service said: by the way"}.check(t, reply, err)
}

func TestTheHandshakeCarriesHeadersKeyAndSubprotocols(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		c.say(c.request.Header.Get("Authorization") + "|" + c.request.Header.Get("X-Bot") + "|" + c.Subprotocol())
		c.read()
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"api_key": "k3y-secret", "headers": keys{"X-Bot": "7"}, "subprotocols": []string{"chat.v1", "chat.v2"}})), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "Bearer k3y-secret|7|chat.v2" {
		t.Errorf("%q, %v", reply.Message.Text(), err)
	}
}

func TestACancelledTurnEndsAtOnce(t *testing.T) {
	c := begin(t, opened(t, inProcess{}, config(serve(t, answering()), nil)), core.Start{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.Send(ctx, core.UserText("x")); err == nil || !strings.Contains(err.Error(), "canceled") {
		t.Errorf("error %v", err)
	}
	if _, err := c.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "over") {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAConfigurationIsCheckedBeforeAnythingIsSent(t *testing.T) {
	for config, want := range map[string]string{
		`{"url": "ftp://h"}`:                                               "url: ",
		`{"url": "ws://localhost"}`:                                        "greeting: the campaign does not say",
		`{"url": "ws://bot.example"}`:                                      "in the clear",
		`{"url": "ws://localhost", "reply": {"text": ".a |"}}`:             "reply.text: not a jq program",
		`{"url": "ws://localhost", "reply": {"text": ".a", "regex": "b"}}`: "reply.regex: ",
		`{"url": "ws://localhost", "reply": {"regex": "("}}`:               "not a regular expression",
		`{"url": "ws://localhost", "message": ["$(promt)"]}`:               `message[0]: there is no placeholder "promt" here`,
		`{"url": "ws://localhost", "message": ["$(prompt"]}`:               "begins no placeholder",
		`{"url": "ws://localhost", "opening": [{"a": ["$(secrets.X)"]}]}`:  "opening[0]: ",
		`{"url": "ws://localhost", "rules": [{"is": "error"}]}`:            "rules[0]: no condition",
		`{"url": "ws://localhost", "sound": {"encoding": "mulaw"}}`:        "sound.rate: ",
		`{"url": "ws://localhost", "timeouts": {"turn": "0s"}}`:            "timeouts.turn: ",
		`{"url": "ws://localhost", "api_key": "a", "access_token": "b"}`:   "access_token: ",
	} {
		err := wstarget.Component().Check([]byte(config))
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
}

// tone is a WAV file with a tone of 440 Hz.
func tone(d time.Duration, rate int) core.Value {
	clip := audio.Clip{Rate: rate, Samples: make([]int16, int(d.Seconds()*float64(rate)))}
	for i := range clip.Samples {
		clip.Samples[i] = int16(8000 * math.Sin(2*math.Pi*440*float64(i)/float64(rate)))
	}
	return core.WAVValue(audio.EncodeWAV(clip))
}

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

func TestSoundTravelsInBinaryMessages(t *testing.T) {
	for _, encoding := range []keys{{"encoding": "pcm16", "rate": 16_000}, {"encoding": "alaw", "rate": 8000}} {
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
	if core.KindOf(err) != core.ErrorInput {
		t.Errorf("error %v", err)
	}
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "x" {
		t.Errorf("afterwards: %q, %v", reply.Message.Text(), err)
	}
	if _, err := c.Send(t.Context(), core.UserText("\xff")); core.KindOf(err) != core.ErrorInput {
		t.Errorf("a text that is not UTF-8: %v", err)
	}
}

func TestAServiceThatAnswersNoPingIsLost(t *testing.T) {
	url := serve(t, func(c talk) {
		c.SetPingHandler(func(string) error { return nil })
		c.read()
		c.read()
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"timeouts": keys{"alive": "300ms"}})), core.Start{})
	_, err := c.Send(t.Context(), core.UserText("x"))
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "answers no ping") {
		t.Errorf("error %v", err)
	}
}

func TestAServiceThatAnswersPingsMayTakeItsTime(t *testing.T) {
	url := serve(t, each(func(c talk, _ string) {
		time.AfterFunc(time.Second, func() { c.say("at last") })
	}))
	c := begin(t, opened(t, inProcess{}, config(url, keys{"timeouts": keys{"alive": "600ms"}})), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "at last" {
		t.Errorf("%q, %v", reply.Message.Text(), err)
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

func FuzzAMessageCarriesEveryText(f *testing.F) {
	f.Add(`quote " and $(turn)`)
	f.Add("\x00\u2028\\")
	f.Add("not UTF-8: \xff")
	url := serve(f, each(func(c talk, text string) {
		var m map[string]string
		if json.Unmarshal([]byte(text), &m) != nil {
			c.say("broken")
			return
		}
		c.say("<" + m["say"] + ">")
	}))
	target, err := wstarget.Component().Open(context.Background(), []byte(config(url, keys{"message": []any{keys{"say": "$(prompt)"}}})))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := target.(core.Target).StartConversation(t.Context(), core.Start{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.End(t.Context())
		reply, err := c.Send(t.Context(), core.UserText(text))
		if core.KindOf(err) == core.ErrorInput {
			return // not UTF-8
		}
		if err != nil || reply.Message.Text() != "<"+text+">" {
			t.Errorf("%q arrived as %q, %v", text, reply.Message.Text(), err)
		}
	})
}
