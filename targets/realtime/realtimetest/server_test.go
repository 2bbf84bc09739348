package realtimetest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// client is a bare websocket client: what it sends is spelled out in the tests.
type client struct {
	t      *testing.T
	socket *websocket.Conn
}

// object is an event as the tests look at it.
type object map[string]any

func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

func start(t *testing.T, agent realtimetest.Agent, o realtimetest.Options) (*realtimetest.Server, string) {
	t.Helper()
	server := realtimetest.NewServer(agent, o)
	web := httptest.NewServer(server)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		web.Close()
	})
	return server, "ws" + strings.TrimPrefix(web.URL, "http") + "/v1/realtime?model=test-model"
}

func dial(t *testing.T, url string) *client {
	t.Helper()
	return dialBy(t, websocket.DefaultDialer, url)
}

func dialBy(t *testing.T, dialer *websocket.Dialer, url string) *client {
	t.Helper()
	socket, response, err := dialer.Dial(url, nil)
	if err != nil {
		t.Fatalf("dialing: %v", err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = socket.Close() })
	return &client{t: t, socket: socket}
}

// connected returns a client that has read session.created.
func connected(t *testing.T, o realtimetest.Options) *client {
	t.Helper()
	_, url := start(t, realtimetest.ToneAgent{}, o)
	c := dial(t, url)
	c.until("session.created")
	return c
}

func (c *client) send(event string) {
	c.t.Helper()
	if err := c.socket.WriteMessage(websocket.TextMessage, []byte(event)); err != nil {
		c.t.Fatalf("sending: %v", err)
	}
}

func (c *client) read() (object, error) {
	_ = c.socket.SetReadDeadline(time.Now().Add(2 * time.Minute))
	_, frame, err := c.socket.ReadMessage()
	if err != nil {
		return nil, err
	}
	if kind, _, found := bytes.Cut(bytes.TrimPrefix(frame, []byte(`{"type":"`)), []byte(`"`)); found && len(frame) > 1<<20 {
		return object{"type": string(kind)}, nil // to parse so much takes long
	}
	var event object
	if err := json.Unmarshal(frame, &event); err != nil {
		return object{"type": "malformed"}, nil
	}
	return event, nil
}

// until reads up to the first event of a type and returns all that came.
func (c *client) until(kind string) []object {
	c.t.Helper()
	var events []object
	for {
		event, err := c.read()
		if err != nil {
			c.t.Fatalf("waiting for %s after %v: %v", kind, types(events), err)
		}
		events = append(events, event)
		if event["type"] == kind {
			return events
		}
	}
}

func (c *client) expect(kind string) object {
	c.t.Helper()
	events := c.until(kind)
	return events[len(events)-1]
}

func (c *client) expectError(code string) object {
	c.t.Helper()
	event := c.expect("error")
	if got := event.at("error", "code"); got != code {
		c.t.Fatalf("the error's code is %v, want %s: %v", got, code, event)
	}
	return event
}

// types lists the types of events; runs of the same delta count once.
func types(events []object) []string {
	var list []string
	for _, e := range events {
		list = append(list, fmt.Sprint(e["type"]))
	}
	return slices.Compact(list)
}

func userText(text string) string {
	return fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}}`, text)
}

func tone(t *testing.T, pitchText string) []byte {
	t.Helper()
	pcm, err := realtimetest.ToneAgent{}.Speak(t.Context(), pitchText)
	if err != nil {
		t.Fatal(err)
	}
	return pcm
}

func TestHandshakeIsRefusedWithAJSONBody(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{APIKey: "right"})
	base := strings.Replace(strings.TrimSuffix(url, "/v1/realtime?model=test-model"), "ws", "http", 1)
	tests := map[string]struct {
		path, header, value string
		status              int
		code                string
	}{
		"wrong bearer":   {"/v1/realtime?model=m", "Authorization", "Bearer wrong", 401, "invalid_api_key"},
		"wrong api-key":  {"/v1/realtime?model=m", "api-key", "wrong", 401, "invalid_api_key"},
		"no key":         {"/v1/realtime?model=m", "X", "y", 401, "invalid_api_key"},
		"no model":       {"/v1/realtime", "api-key", "right", 400, "missing_required_parameter"},
		"other path":     {"/openai/realtime?model=m", "api-key", "right", 404, "not_found"},
		"unknown fault":  {"/v1/realtime?model=m&fault=whim", "api-key", "right", 400, "invalid_value"},
		"rate limit":     {"/v1/realtime?model=m&fault=connect-rate-limit", "api-key", "right", 429, "rate_limit_exceeded"},
		"no quota":       {"/v1/realtime?model=m&fault=connect-quota", "api-key", "right", 429, "insufficient_quota"},
		"forbidden":      {"/v1/realtime?model=m&fault=forbidden", "api-key", "right", 403, "access_denied"},
		"not found":      {"/v1/realtime?model=m&fault=not-found", "api-key", "right", 404, "model_not_found"},
		"out of service": {"/openai/v1/realtime?model=m&fault=connect-unavailable", "api-key", "right", 503, "server_error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+test.path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set(test.header, test.value)
			response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			var body object
			if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status || body.at("error", "code") != test.code {
				t.Errorf("got %d %v, want %d %s", response.StatusCode, body, test.status, test.code)
			}
			if retry := response.Header.Get("Retry-After"); (retry == "2") != (test.code == "rate_limit_exceeded") {
				t.Errorf("Retry-After is %q", retry)
			}
		})
	}
}

func TestATextTurnGoesThroughAllEventsInTheUsualOrder(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}}`)
	c.expect("session.updated")
	c.send(userText("hello there"))
	c.expect("conversation.item.done")
	c.send(`{"type":"response.create","response":{"metadata":{"turn":"7"}}}`)
	events := c.until("response.done")
	want := []string{
		"response.created", "rate_limits.updated", "response.output_item.added", "conversation.item.added",
		"response.content_part.added", "response.output_text.delta", "response.output_text.done",
		"response.content_part.done", "response.output_item.done", "conversation.item.done", "response.done",
	}
	if diff := cmp.Diff(want, types(events)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	done := events[len(events)-1]
	if got := done.at("response", "metadata", "turn"); got != "7" {
		t.Errorf("metadata came back as %v", got)
	}
	item, ok := done.at("response", "output").([]any)[0].(map[string]any)
	if !ok || object(item)["content"].([]any)[0].(map[string]any)["text"] != "hello there" {
		t.Errorf("output is %v", done.at("response", "output"))
	}
	if got := done.at("response", "usage", "output_tokens"); got != 2.0 {
		t.Errorf("output_tokens = %v, want 2", got)
	}
}

// The official clients refuse, or fail on, a message without its list of contents.
func TestEachMessageHasItsContentsIfOnlyNone(t *testing.T) {
	for _, modality := range []string{"text", "audio"} {
		c := connected(t, realtimetest.Options{})
		c.send(`{"type":"session.update","session":{"type":"realtime","output_modalities":["` + modality + `"]}}`)
		c.send(userText("hello there"))
		c.send(`{"type":"response.create"}`)
		announced := 0
		for _, event := range c.until("response.done") {
			if event.at("item", "type") != "message" {
				continue
			}
			content, ok := event.at("item", "content").([]any)
			if !ok {
				t.Errorf("%s: %s: the content is %v, not a list", modality, event["type"], event.at("item", "content"))
			}
			if len(content) == 0 && event.at("item", "status") == "in_progress" {
				announced++
			}
		}
		if announced != 2 { // response.output_item.added and conversation.item.added
			t.Errorf("%s: %d events announce the reply's message, want 2", modality, announced)
		}
	}
}

func TestAnAudioTurnIsHeardAndSpoken(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"any"}}}}}`)
	c.expect("session.updated")
	data := tone(t, "12345")
	for _, half := range [][]byte{data[:9000], data[9000:]} {
		c.send(`{"type":"input_audio_buffer.append","audio":"` + base64.StdEncoding.EncodeToString(half) + `"}`)
	}
	c.send(`{"type":"input_audio_buffer.commit"}`)
	c.expect("input_audio_buffer.committed")
	heard := c.expect("conversation.item.input_audio_transcription.completed")
	if got, want := heard["transcript"], "440 Hz for 500 ms"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
	c.send(`{"type":"response.create"}`)
	var transcript string
	var audio []byte
	for _, e := range c.until("response.done") {
		switch e["type"] {
		case "response.output_audio_transcript.delta":
			transcript += e["delta"].(string)
		case "response.output_audio.delta":
			data, err := base64.StdEncoding.DecodeString(e["delta"].(string))
			if err != nil {
				t.Fatal(err)
			}
			audio = append(audio, data...)
		}
	}
	if transcript != "440 Hz for 500 ms" {
		t.Errorf("the reply's transcript is %q", transcript)
	}
	if got, want := len(audio), len(tone(t, transcript)); got != want {
		t.Errorf("the reply has %d bytes of audio, want %d", got, want)
	}
}

func TestANewSocketRemembersNothing(t *testing.T) {
	remembering := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		return fmt.Sprintf("%d items", len(items)), nil
	}}
	_, url := start(t, remembering, realtimetest.Options{})
	ask := func(c *client) any {
		c.send(userText("hello"))
		c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
		return c.expect("response.output_text.done")["text"]
	}
	first, second := dial(t, url), dial(t, url)
	if got := ask(first); got != "1 items" {
		t.Errorf("first turn: %v", got)
	}
	first.until("response.done")
	if got := ask(first); got != "3 items" {
		t.Errorf("second turn on the same socket: %v, want the first turn remembered", got)
	}
	if got := ask(second); got != "1 items" {
		t.Errorf("first turn on another socket: %v", got)
	}
}

func TestAnOutOfBandResponseLeavesNoTrace(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(`{"type":"response.create","response":{"conversation":"none","output_modalities":["text"],"input":[` +
		`{"type":"message","role":"user","content":[{"type":"input_text","text":"aside"}]}]}}`)
	events := c.until("response.done")
	if slices.Contains(types(events), "conversation.item.added") {
		t.Errorf("an item was added: %v", types(events))
	}
	c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
	done := c.expect("response.done")
	if output := done.at("response", "output").([]any); len(output) != 0 {
		t.Errorf("the conversation remembers %v", output)
	}
}

func TestOneResponseAtATimeAndItCanBeCancelled(t *testing.T) {
	thinking := make(chan struct{})
	slow := realtimetest.ToneAgent{Reply: func(ctx context.Context, _ string, _ []realtimetest.Item) (string, error) {
		close(thinking)
		<-ctx.Done()
		return "", ctx.Err()
	}}
	_, url := start(t, slow, realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"response.cancel"}`)
	c.expectError("response_cancel_not_active")
	c.send(`{"type":"response.create"}`)
	<-thinking
	c.send(`{"type":"response.create","event_id":"second"}`)
	if e := c.expectError("conversation_already_has_active_response"); e.at("error", "event_id") != "second" {
		t.Errorf("the error names event %v", e.at("error", "event_id"))
	}
	c.send(`{"type":"response.cancel"}`)
	done := c.expect("response.done")
	if got := done.at("response", "status"); got != "cancelled" {
		t.Errorf("status = %v, want cancelled", got)
	}
}

func TestItemsCanBeInsertedRetrievedTruncatedAndDeleted(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(userText("say it aloud"))
	first := c.expect("conversation.item.done").at("item", "id").(string)
	c.send(`{"type":"conversation.item.create","previous_item_id":"root","item":{"id":"it_0","type":"message","role":"assistant","content":[{"type":"output_text","text":"earlier"}]}}`)
	if added := c.expect("conversation.item.done"); added["previous_item_id"] != nil {
		t.Errorf("the root item follows %v", added["previous_item_id"])
	}
	c.send(`{"type":"conversation.item.retrieve","item_id":"it_0"}`)
	if got := c.expect("conversation.item.retrieved").at("item", "role"); got != "assistant" {
		t.Errorf("retrieved an item of role %v", got)
	}
	c.send(`{"type":"response.create"}`)
	spoken := c.expect("response.output_item.done").at("item", "id").(string)
	c.until("response.done")
	c.send(fmt.Sprintf(`{"type":"conversation.item.truncate","item_id":%q,"content_index":0,"audio_end_ms":99999}`, spoken))
	if e := c.expectError("invalid_value"); !strings.Contains(e.at("error", "message").(string), "already shorter than 99999ms") {
		t.Errorf("error: %v", e)
	}
	c.send(fmt.Sprintf(`{"type":"conversation.item.truncate","item_id":%q,"content_index":0,"audio_end_ms":100}`, spoken))
	c.expect("conversation.item.truncated")
	c.send(fmt.Sprintf(`{"type":"conversation.item.delete","item_id":%q}`, first))
	c.expect("conversation.item.deleted")
	c.send(fmt.Sprintf(`{"type":"conversation.item.delete","item_id":%q}`, first))
	c.expectError("item_delete_invalid_item_id")
}

func TestWhatIsWrongWithAnEventIsSaidInTheProtocolsWords(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	message := func(role, part string) string {
		return fmt.Sprintf(`{"type":"conversation.item.create","event_id":"e","item":{"type":"message","role":%q,"content":[%s]}}`, role, part)
	}
	tests := map[string]struct{ event, code string }{
		"not JSON":              {`{"type":`, "invalid_json"},
		"no type":               {`{"event_id":"e"}`, "missing_required_parameter"},
		"unknown event":         {`{"type":"response.crate"}`, "invalid_value"},
		"unknown parameter":     {`{"type":"response.create","respnse":{}}`, "unknown_parameter"},
		"wrong type":            {`{"type":"conversation.item.truncate","audio_end_ms":"soon"}`, "invalid_type"},
		"event id too long":     {`{"type":"response.create","event_id":"` + strings.Repeat("x", 513) + `"}`, "string_above_max_length"},
		"session without type":  {`{"type":"session.update","session":{"instructions":"x"}}`, "missing_required_parameter"},
		"no session":            {`{"type":"session.update"}`, "missing_required_parameter"},
		"temperature":           {`{"type":"session.update","session":{"type":"realtime","temperature":0.8}}`, "unknown_parameter"},
		"both modalities":       {`{"type":"session.update","session":{"type":"realtime","output_modalities":["audio","text"]}}`, "invalid_value"},
		"PCM at another rate":   {`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":{"type":"audio/pcm","rate":16000}}}}}`, "invalid_value"},
		"unknown voice":         {`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"hal"}}}}`, "invalid_value"},
		"too many tokens":       {`{"type":"session.update","session":{"type":"realtime","max_output_tokens":5000}}`, "invalid_value"},
		"another model":         {`{"type":"session.update","session":{"type":"realtime","model":"other"}}`, "invalid_value"},
		"long item id":          {`{"type":"conversation.item.create","item":{"id":"123456789012345678901234567890123","type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}}`, "string_above_max_length"},
		"no such previous item": {`{"type":"conversation.item.create","previous_item_id":"nobody","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}}`, "invalid_value"},
		"assistant audio":       {message("assistant", `{"type":"output_audio","transcript":"x"}`), "missing_required_parameter"},
		"output text of a user": {message("user", `{"type":"output_text","text":"x"}`), "invalid_value"},
		"bad base64":            {message("user", `{"type":"input_audio","audio":"!"}`), "invalid_value"},
		"no content":            {message("user", ""), "missing_required_parameter"},
		"empty commit":          {`{"type":"input_audio_buffer.commit"}`, "input_audio_buffer_commit_empty"},
		"retrieve nobody":       {`{"type":"conversation.item.retrieve","item_id":"nobody"}`, "item_retrieve_invalid_item_id"},
		"truncate nobody":       {`{"type":"conversation.item.truncate","item_id":"nobody","content_index":0,"audio_end_ms":0}`, "item_truncate_invalid_item_id"},
		"response modalities":   {`{"type":"response.create","response":{"output_modalities":["smell"]}}`, "invalid_value"},
		"response conversation": {`{"type":"response.create","response":{"conversation":"mine"}}`, "invalid_value"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.send(test.event)
			c.expectError(test.code)
		})
	}
}

func TestAnUpdateChangesOnlyWhatItLists(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(`{"type":"session.update","session":{"type":"realtime","instructions":"be brief","audio":{"output":{"voice":"marin"}}}}`)
	c.expect("session.updated")
	c.send(`{"type":"session.update","session":{"type":"realtime","max_output_tokens":2,"output_modalities":["text"]}}`)
	updated := c.expect("session.updated")
	if updated.at("session", "instructions") != "be brief" || updated.at("session", "audio", "output", "voice") != "marin" {
		t.Errorf("the session is %v", updated["session"])
	}
	c.send(userText("one two three"))
	c.send(`{"type":"response.create"}`)
	done := c.expect("response.done")
	if done.at("response", "status") != "incomplete" || done.at("response", "status_details", "reason") != "max_output_tokens" {
		t.Errorf("with two tokens the response ends as %v", done["response"])
	}
}

func TestTheVoiceCannotChangeOnceTheModelHasSpoken(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(userText("hello"))
	c.send(`{"type":"response.create"}`)
	c.until("response.done")
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"output":{"voice":"marin"}}}}`)
	c.expectError("cannot_update_voice")
}

func TestTheAgentIsGivenTheInstructions(t *testing.T) {
	told := realtimetest.ToneAgent{Reply: func(_ context.Context, instructions string, _ []realtimetest.Item) (string, error) {
		return instructions, nil
	}}
	_, url := start(t, told, realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","instructions":"of the session","output_modalities":["text"]}}`)
	for create, want := range map[string]string{
		`{"type":"response.create"}`: "of the session",
		`{"type":"response.create","response":{"instructions":"of the response"}}`: "of the response",
	} {
		c.send(create)
		if got := c.expect("response.output_text.done")["text"]; got != want {
			t.Errorf("%s: instructions %q, want %q", create, got, want)
		}
		c.until("response.done")
	}
}

func TestASessionEndsWhenItsLifeIsOver(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{SessionLife: 50 * time.Millisecond})
	c := dial(t, url)
	c.until("session.created")
	c.expectError("session_expired")
	if _, err := c.read(); !websocket.IsCloseError(err, websocket.CloseGoingAway) {
		t.Errorf("the socket ends with %v", err)
	}
}

func TestASessionSaysWhenItExpires(t *testing.T) {
	for life, want := range map[time.Duration]int64{0: 3600, 5 * time.Minute: 300} {
		_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{SessionLife: life})
		before := time.Now().Unix()
		expires := dial(t, url).expect("session.created").at("session", "expires_at").(float64)
		if left, late := int64(expires)-before, time.Now().Unix()-before; left < want || left > want+late {
			t.Errorf("a life of %v ends in %d s, want %d", life, left, want)
		}
	}
}

func TestStatsCountConnectionsAndTurns(t *testing.T) {
	server, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.RateLimit, Turn: 2}}})
	c := dial(t, url)
	for range 3 {
		c.send(userText("hi"))
		c.send(`{"type":"response.create"}`)
		c.until("response.done")
	}
	c.send(`{"type":"response.create","response":{"conversation":"mine"}}`)
	c.expectError("invalid_value")
	if got, want := server.Stats(), (realtimetest.Stats{Connections: 1, Open: 1, Turns: 2, Responses: 3, ResponseCreates: 4}); got != want {
		t.Errorf("Stats() = %+v, want %+v", got, want)
	}
}

func TestWhatIsAboveTheAllowanceIsRefused(t *testing.T) {
	for name, told := range map[string]bool{"without a word": false, "and told when to try again": true} {
		t.Run(name, func(t *testing.T) {
			server, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{Allowance: realtimetest.Allowance{RequestsPerMinute: 1, TellsWhen: told}})
			c := dial(t, url)
			for i, status := range []string{"completed", "failed"} {
				c.send(userText("hi"))
				c.send(`{"type":"response.create"}`)
				events := c.until("response.done")
				done := events[len(events)-1]
				if got := done.at("response", "status"); got != status {
					t.Errorf("response %d is %v, want %s", i+1, got, status)
				}
				if message := fmt.Sprint(done.at("response", "status_details")); i == 1 && strings.Contains(message, "try again in 1m0s") != told {
					t.Errorf("it says %s", message)
				}
			}
			if got := server.Stats(); got.Turns != 1 || got.Refused != 1 {
				t.Errorf("%+v, want one turn and one refusal", got)
			}
		})
	}
}

func TestConnectionsAboveTheAllowanceAreRefused(t *testing.T) {
	_, url := start(t, realtimetest.ToneAgent{}, realtimetest.Options{
		Allowance: realtimetest.Allowance{RequestsPerMinute: 1, Connections: true, TellsWhen: true},
	})
	dial(t, url)
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err == nil || response == nil || response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "1" {
		t.Errorf("%+v, %v; want it refused with 429 and Retry-After", response, err)
	}
}

func TestObserveSeesTheFramesOfBothSides(t *testing.T) {
	frames := make(chan string, 100)
	c := connected(t, realtimetest.Options{Observe: func(fromClient bool, frame []byte) {
		if fromClient {
			frames <- string(frame)
		}
	}})
	c.send(`{"type":"input_audio_buffer.clear"}`)
	c.until("input_audio_buffer.cleared")
	if got := <-frames; got != `{"type":"input_audio_buffer.clear"}` {
		t.Errorf("observed %s", got)
	}
}
