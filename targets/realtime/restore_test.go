package realtime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestWhatIsGivenBackIsWhatWasSaid(t *testing.T) {
	p := serve(t, remembers(), "drop-after-reply@3")
	target := p.target(t, settings{"transcription_model": "ears"})
	c := begin(t, target, core.Start{SystemPrompt: "Be brief.", History: []core.Message{
		core.UserText("before"), {Role: core.Assistant, Parts: core.UserText("indeed").Parts},
	}})
	long := spoken(t, long)
	long.Parts[0].Original = &core.Value{Modality: core.Text, MediaType: core.MediaText, Data: []byte("a long story")}
	for _, m := range []core.Message{core.UserText("written"), spoken(t, time.Second), long} {
		send(t, c, m)
	}
	p.sent(t)
	send(t, c, core.UserText("last"))
	var items, previous []string
	for _, event := range of(p.sent(t), "conversation.item.create") {
		item := event["item"].(map[string]any)
		part := item["content"].([]any)[0].(map[string]any)
		text, _ := part["text"].(string)
		items = append(items, strings.TrimSpace(fmt.Sprintf("%v %v %s", item["role"], part["type"], text)))
		follows, _ := event["previous_item_id"].(string)
		previous = append(previous, follows)
		if n := len(previous); n > 1 && n <= 8 && (follows == "" || slices.Index(previous, follows) < n-1) {
			t.Errorf("item %d follows %q", n, follows)
		}
	}
	want := []string{
		"user input_text before", "assistant output_text indeed",
		"user input_text written", "assistant output_text before then written",
		"user input_audio", "assistant output_text before then written then 440 Hz for 1000 ms",
		"user input_text a long story", "assistant output_text before then written then 440 Hz for 1000 ms then 440 Hz for 22000 ms",
		"user input_text last",
	}
	if !slices.Equal(items, want) {
		t.Errorf("the service was given\n%s\nwant\n%s", strings.Join(items, "\n"), strings.Join(want, "\n"))
	}
}

func TestAConversationThatCannotBeGivenBackEndsAndSaysWhy(t *testing.T) {
	for name, test := range map[string]struct {
		config settings
		fault  string
		turn   core.Message
		says   string
	}{
		"long audio that nobody wrote down": {nil, "drop-after-reply@1", spoken(t, long), "turn 1 has audio that is too long to be kept"},
		"a reply without transcript":        {nil, "no-transcript@1", core.UserText("hello"), "the reply to turn 1 has no transcript"},
		"reconnects: 0":                     {settings{"reconnects": 0}, "drop-after-reply@1", core.UserText("hello"), "connection"},
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, realtimetest.ToneAgent{}, test.fault)
			c := p.talk(t, test.config)
			send(t, c, test.turn)
			if err := p.Close(); err != nil { // no-transcript leaves the connection alone
				t.Fatal(err)
			}
			_, err := c.Send(t.Context(), core.UserText("again"))
			if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got a %q error, want one that says %q: %v", core.KindOf(err), test.says, err)
			}
		})
	}
}

func TestWhatCannotBeBetterAnotherTimeIsNotTriedAgain(t *testing.T) {
	for fault, kind := range map[string]core.ErrorKind{"forbidden@2": core.ErrorAuth, "not-found@2": core.ErrorConfig, "connect-quota@2": core.ErrorAuth} {
		t.Run(fault, func(t *testing.T) {
			p := serve(t, remembers(), fault, "drop-after-reply@1")
			c := p.talk(t, nil)
			send(t, c, core.UserText("one"))
			_, err := c.Send(t.Context(), core.UserText("two"))
			if core.KindOf(err) != kind || !strings.Contains(err.Error(), "restoring the conversation") {
				t.Errorf("got a %q error, want %q: %v", core.KindOf(err), kind, err)
			}
			if got := p.Stats().Connections; got != 2 {
				t.Errorf("%d connections were tried, want 2", got)
			}
		})
	}
}

func TestASystemPromptThatWasChangedIsTheOneThatIsGivenBack(t *testing.T) {
	p := serve(t, obeys(), "drop-after-reply@2")
	c := begin(t, p.target(t, nil), core.Start{SystemPrompt: "first"})
	if got := send(t, c, core.UserText("who?")).Message.Text(); got != "first" {
		t.Errorf("before: %q", got)
	}
	second := "second"
	change := core.UserText("and now?")
	change.Delivery.SystemPrompt = &second
	if got := send(t, c, change).Message.Text(); got != "second" {
		t.Errorf("after: %q", got)
	}
	if got := send(t, c, core.UserText("still?")); got.Message.Text() != "second" || !got.Replayed {
		t.Errorf("on another connection: %q, replayed %v", got.Message.Text(), got.Replayed)
	}
}

func TestTheFirstTurnOfAConnectionTellsHowLongThatTook(t *testing.T) {
	c := serve(t, remembers(), "drop-after-reply@2").talk(t, nil)
	var took []bool
	for _, turn := range []string{"one", "two", "three", "four"} {
		took = append(took, send(t, c, core.UserText(turn)).Timing.Connect > 0)
	}
	if want := []bool{true, false, true, false}; !slices.Equal(took, want) {
		t.Errorf("a time to connect in turns %v, want %v", took, want)
	}
}
