package realtimetest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// lister answers with the texts of all items that it sees.
func lister() realtimetest.Agent {
	return realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		var texts []string
		for _, it := range items {
			texts = append(texts, it.Text)
		}
		return fmt.Sprintf("%q", texts), nil
	}}
}

func TestAResponseGoesByItsOwnInput(t *testing.T) {
	const aside = `{"type":"message","role":"user","content":[{"type":"input_text","text":"aside"}]}`
	tests := map[string]struct{ input, want string }{
		"the conversation":      {``, `["one" "two"]`},
		"an item":               {`,"input":[` + aside + `]`, `["aside"]`},
		"an item with an id":    {`,"input":[{"id":"it_3",` + aside[1:] + `]`, `["aside"]`},
		"a reference":           {`,"input":[{"type":"item_reference","id":"it_2"}]`, `["two"]`},
		"a reference and more":  {`,"input":[{"type":"item_reference","id":"it_1"},` + aside + `]`, `["one" "aside"]`},
		"a call and its result": {`,"input":[{"type":"function_call","name":"f","call_id":"c","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"o"}]`, `["{}" "o"]`},
		"nothing":               {`,"input":[]`, `[]`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, url := start(t, lister(), realtimetest.Options{})
			c := dial(t, url)
			for id, text := range map[string]string{"it_1": "one", "it_2": "two"} {
				c.send(fmt.Sprintf(`{"type":"conversation.item.create","previous_item_id":%q,"item":{"id":%q,"type":"message","role":"user","content":[{"type":"input_text","text":%q}]}}`,
					map[string]string{"it_1": "root"}[id], id, text))
			}
			c.send(`{"type":"response.create","response":{"conversation":"none","output_modalities":["text"]` + test.input + `}}`)
			events := c.until("response.done")
			done := events[len(events)-1]
			if got := done.at("response", "output").([]any)[0].(map[string]any)["content"].([]any)[0].(map[string]any)["text"]; got != test.want {
				t.Errorf("the agent saw %v, want %s", got, test.want)
			}
			if id, there := done["response"].(map[string]any)["conversation_id"]; there {
				t.Errorf("the response is in conversation %v", id)
			}
			// Nothing of it is in the conversation.
			c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
			if got := c.expect("response.output_text.done")["text"]; got != `["one" "two"]` {
				t.Errorf("afterwards the conversation is %v", got)
			}
		})
	}
}

func TestAnOutOfBandResponseDoesNotWaitForTheConversations(t *testing.T) {
	_, url := start(t, waiting(), realtimetest.Options{})
	c := dial(t, url)
	c.send(`{"type":"response.create"}`)
	first := c.expect("response.created").at("response", "id")
	c.send(`{"type":"response.create","response":{"conversation":"none"}}`)
	aside := c.expect("response.created").at("response", "id")
	for _, id := range []any{aside, first} {
		c.send(fmt.Sprintf(`{"type":"response.cancel","response_id":%q}`, id))
		if got := c.expect("response.done").at("response", "id"); got != id {
			t.Errorf("response %v is over, want %v", got, id)
		}
	}
}

func TestAResponseHasSettingsOfItsOwn(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	c.send(userText("one two three"))
	c.send(`{"type":"response.create","response":{"max_output_tokens":2,"reasoning":{"effort":"low"},"audio":{"output":{"voice":"marin","format":{"type":"audio/pcmu"}}}}}`)
	events := c.until("response.done")
	done := events[len(events)-1]
	if done.at("response", "audio", "output", "voice") != "marin" || done.at("response", "audio", "output", "format", "type") != "audio/pcmu" ||
		done.at("response", "max_output_tokens") != 2.0 || done.at("response", "status") != "incomplete" {
		t.Errorf("the response is %v", done["response"])
	}
	var sound int
	for _, e := range events {
		if e["type"] == "response.output_audio.delta" {
			sound += decodedLength(t, e)
		}
	}
	if want := 800 * len("one two three"); sound != want {
		t.Errorf("%d bytes of speech, want %d", sound, want)
	}
	c.send(`{"type":"session.update","session":{"type":"realtime"}}`)
	if got := c.expect("session.updated").at("session", "audio", "output", "format", "type"); got != "audio/pcm" {
		t.Errorf("afterwards the session's format is %v", got)
	}
	c.send(`{"type":"response.create","response":{"audio":{"output":{"voice":"cedar"}}}}`)
	c.expectError("cannot_update_voice")
}

func TestMetadataComesBackUnlessItIsTooMuch(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	metadata := func(keys, keyLength, valueLength int) map[string]string {
		m := map[string]string{}
		for i := range keys {
			m[fmt.Sprintf("%0*d", keyLength, i)] = strings.Repeat("ü", valueLength)
		}
		return m
	}
	create := func(v any) string {
		frame, err := json.Marshal(map[string]any{"type": "response.create", "response": map[string]any{"conversation": "none", "metadata": v}})
		if err != nil {
			t.Fatal(err)
		}
		return string(frame)
	}
	most := metadata(16, 64, 512)
	c.send(create(most))
	var want any
	frame, _ := json.Marshal(most)
	if err := json.Unmarshal(frame, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, c.expect("response.done").at("response", "metadata")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, test := range map[string]struct {
		metadata any
		code     string
	}{
		"too many keys": {metadata(17, 5, 5), "object_above_max_properties"},
		"long key":      {metadata(1, 65, 5), "string_above_max_length"},
		"long value":    {metadata(1, 5, 513), "string_above_max_length"},
		"a number":      {map[string]int{"turn": 1}, "invalid_type"},
	} {
		t.Run(name, func(t *testing.T) {
			c.send(create(test.metadata))
			c.expectError(test.code)
		})
	}
}

func TestAResponseThatCannotBeIsRefused(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	for params, code := range map[string]string{
		`"input":[{"type":"item_reference","id":"nobody"}]`:                    "invalid_value",
		`"input":[{"type":"item_reference","name":"x"}]`:                       "unknown_parameter",
		`"input":[{"type":"message","role":"user","content":[]}]`:              "missing_required_parameter",
		`"input":[{"type":"function_call_output","call_id":"c","output":"x"}]`: "invalid_value",
		`"instructions":7`:                                   "invalid_type",
		`"max_output_tokens":0`:                              "invalid_value",
		`"output_modalities":["audio","text"]`:               "invalid_value",
		`"audio":{"output":{"voice":"hal"}}`:                 "invalid_value",
		`"audio":{"output":{"format":{"type":"audio/mp3"}}}`: "invalid_value",
		`"audio":{"input":{}}`:                               "unknown_parameter",
		`"parallel_tool_calls":"no"`:                         "invalid_type",
		`"reasoning":{"effort":"none"}`:                      "invalid_value",
		`"temperature":1`:                                    "unknown_parameter",
	} {
		t.Run(params, func(t *testing.T) {
			c.send(`{"type":"response.create","response":{` + params + `}}`)
			c.expectError(code)
		})
	}
}
