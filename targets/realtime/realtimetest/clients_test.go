package realtimetest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// What other people's clients need of a server. .ci/clients tries them themselves.

// nulls returns the paths of values of null.
func nulls(path string, v any) []string {
	var found []string
	switch v := v.(type) {
	case nil:
		return []string{path}
	case map[string]any:
		for key, inner := range v {
			found = append(found, nulls(path+"."+key, inner)...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, nulls(path, inner)...)
		}
	}
	return found
}

// The official types have no null in most places, where their library for Python takes
// one.
func TestNothingIsNullButWhereTheOfficialTypesHaveIt(t *testing.T) {
	allowed := map[string]bool{
		".error.param": true, ".error.event_id": true, ".error.code": true, ".previous_item_id": true, ".response.metadata": true,
		".session.tracing": true, ".session.prompt": true, ".session.prompt.version": true,
		".session.audio.input.turn_detection": true, ".session.audio.input.turn_detection.idle_timeout_ms": true,
	}
	c := connected(t, realtimetest.Options{})
	var events []object
	for _, s := range []string{
		`"type":"realtime"`, `"type":"realtime","audio":{"input":{"turn_detection":null,"noise_reduction":null,"transcription":null}}`,
		`"type":"realtime","audio":{"input":{"transcription":{"model":"ears","language":null,"prompt":null}}}`,
		`"type":"realtime","include":null,"reasoning":null,"tracing":null,"prompt":{"id":"pmpt_1","version":null,"variables":null}`,
	} {
		c.send(`{"type":"session.update","session":{` + s + `}}`)
		events = append(events, c.until("session.updated")...)
	}
	for _, modality := range []string{"text", "audio"} {
		c.send(userText("hello there"))
		c.send(`{"type":"response.create","response":{"output_modalities":["` + modality + `"]}}`)
		events = append(events, c.until("response.done")...)
	}
	c.send(`{"type":"response.cancel"}`)
	events = append(events, c.until("error")...)
	for _, e := range events {
		for _, path := range nulls("", map[string]any(e)) {
			if !allowed[path] {
				t.Errorf("%s: %s is null", e["type"], path)
			}
		}
	}
}

func TestEveryResponseHasDetailsOfItsStatus(t *testing.T) {
	for fault, want := range map[realtimetest.FaultKind]string{
		realtimetest.NoMetadata: "completed", realtimetest.EmptyReply: "completed", realtimetest.Truncated: "incomplete",
		realtimetest.Cancelled: "cancelled", realtimetest.ServerError: "failed",
	} {
		for _, e := range faulty(t, fault, 0).reply("hello there") {
			details, ok := e.at("response", "status_details").(map[string]any)
			switch {
			case e["type"] == "response.created" && (!ok || len(details) > 0):
				t.Errorf("%s: a response that has begun has the details %v", fault, e.at("response", "status_details"))
			case e["type"] == "response.done" && details["type"] != want:
				t.Errorf("%s: a response that is %v has the details %v", fault, e.at("response", "status"), details)
			}
		}
	}
}

// Who does not say how turns end has the server end them.
func TestTurnsAreDetectedUnlessTheClientTurnsThatOff(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.line("silence 1000", "tone 500", "silence 600")
	c.until("input_audio_buffer.committed")
	c.until("response.done")
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}}`)
	c.expect("session.updated")
	c.line("silence 1000", "tone 500", "silence 600")
	c.send(`{"type":"input_audio_buffer.clear"}`)
	if got := types(c.until("input_audio_buffer.cleared")); len(got) != 1 {
		t.Errorf("events %v of audio that nobody has committed", got)
	}
}

// The Agents SDK for JavaScript wants a transcript in each message that was spoken, and
// retrieves the message when it has been transcribed.
func TestWhatAUserSaidIsInTheItemOnceItWasHeard(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null,"transcription":{"model":"ears"}}}}}`)
	c.line("tone 500")
	c.send(`{"type":"input_audio_buffer.commit"}`)
	transcript := func(e object) any {
		return e.at("item", "content").([]any)[0].(map[string]any)["transcript"]
	}
	added := c.expect("conversation.item.added")
	if got := transcript(added); got != "" {
		t.Errorf("before it is heard, the transcript is %v, want an empty one", got)
	}
	heard := c.expect("conversation.item.input_audio_transcription.completed")["transcript"]
	id := added.at("item", "id").(string)
	c.send(`{"type":"conversation.item.retrieve","item_id":"` + id + `"}`)
	if got := transcript(c.expect("conversation.item.retrieved")); got != heard || heard == "" {
		t.Errorf("the transcript is %v, want %v", got, heard)
	}
}

// Clients truncate a reply as soon as it is interrupted, while it is still being sent.
func TestAReplyCanBeTruncatedWhileItIsSent(t *testing.T) {
	for name, cancel := range map[string]string{"cancelled": `{"type":"response.cancel"}`, "going on": ""} {
		synctest.Test(t, func(t *testing.T) {
			c := slow(t)
			c.send(userText("one two three four"))
			c.send(`{"type":"response.create"}`)
			c.until("conversation.item.done")
			delta := c.expect("response.output_audio.delta")
			spoken := delta["item_id"].(string)
			truncate := func(ms int) { // the frame of 200 ms has been sent
				c.send(fmt.Sprintf(`{"type":"conversation.item.truncate","item_id":%q,"content_index":0,"audio_end_ms":%d}`, spoken, ms))
			}
			truncate(-1)
			c.expectError("invalid_value")
			truncate(99999)
			if e := c.expectError("invalid_value"); !strings.Contains(e.at("error", "message").(string), "already shorter") {
				t.Errorf("%s: %v", name, e)
			}
			if cancel != "" {
				c.send(cancel)
			}
			truncate(100)
			wanted := map[string]bool{"conversation.item.truncated": true, "response.done": true}
			for len(wanted) > 0 {
				e, err := c.read()
				if err != nil || e["type"] == "error" {
					t.Fatalf("%s: %v, %v", name, e, err)
				}
				delete(wanted, e["type"].(string))
			}
			c.send(fmt.Sprintf(`{"type":"conversation.item.retrieve","item_id":%q}`, spoken))
			want := []any{map[string]any{"type": "output_audio"}}
			if diff := cmp.Diff(want, c.expect("conversation.item.retrieved").at("item", "content")); diff != "" {
				t.Errorf("%s: what was truncated (-want +got):\n%s", name, diff)
			}
			truncate(150)
			c.expectError("invalid_value") // 100 ms are left
		})
	}
}

// A reply has its place in the conversation from its beginning.
func TestWhatIsSaidDuringAReplyComesAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(t)
		c.send(userText("one two"))
		c.send(`{"type":"response.create"}`)
		begun := c.expect("response.output_item.added").at("item", "id").(string)
		c.send(`{"type":"conversation.item.retrieve","item_id":"` + begun + `"}`)
		if got := c.expect("conversation.item.retrieved").at("item", "status"); got != "in_progress" {
			t.Errorf("the reply is %v", got)
		}
		c.send(`{"type":"conversation.item.create","item":{"id":"it_2","type":"message","role":"user","content":[{"type":"input_text","text":"wait"}]}}`)
		for {
			e, err := c.read()
			if err != nil {
				t.Fatal(err)
			}
			switch e.at("item", "id") {
			case "it_2":
				if previous := e["previous_item_id"]; previous != begun {
					t.Errorf("what was said during the reply follows %v, want %s", previous, begun)
				}
			case begun:
				if e["type"] == "conversation.item.done" && e["previous_item_id"] == "it_2" {
					t.Error("the reply follows what was said during it")
				}
			}
			if e["type"] == "response.done" {
				return
			}
		}
	})
}

// A client may take a reply back before it has ended.
func TestAReplyThatIsDeletedWhileItIsSentStaysDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := slow(t)
		c.send(userText("one two"))
		c.send(`{"type":"response.create"}`)
		id := c.expect("response.output_item.added").at("item", "id").(string)
		c.until("response.output_audio.delta")
		c.send(`{"type":"conversation.item.delete","item_id":"` + id + `"}`)
		c.until("response.done")
		c.send(`{"type":"conversation.item.retrieve","item_id":"` + id + `"}`)
		c.expectError("item_retrieve_invalid_item_id")
	})
}

func TestACallInADoneThatDisagreesHasNoContents(t *testing.T) {
	_, url := start(t, clerk(), realtimetest.Options{Faults: []realtimetest.Fault{{Kind: realtimetest.DisagreeingDone}}})
	c := dial(t, url)
	c.send(`{"type":"session.update","session":{"type":"realtime","tools":[` + lookUp + `]}}`)
	c.send(userText("where is the key?"))
	c.send(`{"type":"response.create"}`)
	call := c.expect("response.done").at("response", "output").([]any)[0].(map[string]any)
	if _, there := call["content"]; there || call["type"] != "function_call" {
		t.Errorf("the call is %v", call)
	}
}

func TestWhatAnEventMayNotHaveAndWhatItLacksIsNamed(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	create := func(item string) string { return `{"type":"conversation.item.create","item":` + item + `}` }
	const content = `"content":[{"type":"input_text","text":"x"}]`
	for event, want := range map[string]string{
		`{"type":"response.cancel","audio":"AAAA"}`:                                                                                             "unknown_parameter audio",
		`{"type":"response.create","session":{"type":"realtime"}}`:                                                                              "unknown_parameter session",
		`{"type":"session.update","session":{"type":"realtime"},"item_id":"x"}`:                                                                 "unknown_parameter item_id",
		`{"type":"input_audio_buffer.commit","previous_item_id":"x"}`:                                                                           "unknown_parameter previous_item_id",
		`{"type":"input_audio_buffer.append"}`:                                                                                                  "missing_required_parameter audio",
		`{"type":"input_audio_buffer.append","audio":null}`:                                                                                     "missing_required_parameter audio",
		`{"type":"input_audio_buffer.append","audio":7}`:                                                                                        "invalid_type audio",
		`{"type":"conversation.item.retrieve"}`:                                                                                                 "missing_required_parameter item_id",
		`{"type":"conversation.item.delete"}`:                                                                                                   "missing_required_parameter item_id",
		`{"type":"conversation.item.truncate","item_id":"x","content_index":0}`:                                                                 "missing_required_parameter audio_end_ms",
		`{"type":"conversation.item.truncate","item_id":"x","audio_end_ms":0}`:                                                                  "missing_required_parameter content_index",
		create(`{"type":"message","role":"user","call_id":"c",` + content + `}`):                                                                "unknown_parameter item.call_id",
		create(`{"type":"message","role":"user","phase":"commentary",` + content + `}`):                                                         "unknown_parameter item.phase",
		create(`{"type":"function_call","name":"f","arguments":"{}","role":"user"}`):                                                            "unknown_parameter item.role",
		create(`{"type":"function_call_output","call_id":"c","output":"o","arguments":"{}"}`):                                                   "unknown_parameter item.arguments",
		create(`{"type":"message",` + content + `}`):                                                                                            "missing_required_parameter item.role",
		create(`{"type":"message","role":"critic",` + content + `}`):                                                                            "invalid_value item.role",
		create(`{"type":"message","role":"user","status":"lost",` + content + `}`):                                                              "invalid_value item.status",
		create(`{"type":"message","role":"user","object":"thing",` + content + `}`):                                                             "invalid_value item.object",
		create(`{"type":"mcp_list_tools"}`):                                                                                                     "invalid_value item.type",
		`{"type":"response.create","response":{"input":[{"type":"message","role":"user","name":"n",` + content + `}]}}`:                         "unknown_parameter response.input[0].name",
		`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"noise_reduction":{"type":"near_field","strength":"much"}}}}}`: "invalid_type session.audio.input.noise_reduction.strength",
	} {
		c.send(event)
		e := c.expect("error")
		if got := fmt.Sprint(e.at("error", "code"), " ", e.at("error", "param")); got != want {
			t.Errorf("%s\nis answered with %s, want %s", event, got, want)
		}
	}
	c.send(`{"type":"session.update","session":{"type":"realtime","audio":{"input":{"noise_reduction":{"type":"near_field","strength":0.5}}}}}`)
	c.expect("session.updated")
}
