package realtime_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// withCall starts a practice server on which a call is running.
func withCall(t *testing.T, faults ...string) *practice {
	t.Helper()
	p := newPractice(t, obeys(), nil)
	o := realtimetest.Options{Calls: []string{"rtc_1"}, Observe: func(fromClient bool, frame []byte) {
		if fromClient {
			p.frames <- append([]byte(nil), frame...)
		}
	}}
	for _, name := range faults {
		fault, err := realtimetest.ParseFault(name)
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = append(o.Faults, fault)
	}
	p.Server = realtimetest.NewServer(obeys(), o)
	web := httptest.NewServer(p.Server)
	t.Cleanup(func() {
		p.close(t)
		web.Close()
	})
	p.address = address{url: web.URL}
	return p
}

func TestACallThatRunsIsJoinedAndLeftAsItIs(t *testing.T) {
	p := withCall(t)
	target := p.target(t, settings{"call_id": "rtc_1"})
	c := begin(t, target, core.Start{SystemPrompt: "Be brief."})
	reply := send(t, c, core.UserText("hello"))
	if reply.Message.Text() != "Be brief." || reply.Finish != core.FinishComplete || len(reply.Warnings) > 0 || len(reply.Message.Of(core.Audio)) > 0 {
		t.Errorf("%q, %s (%s), warnings %q", reply.Message.Text(), reply.Finish, reply.Detail, reply.Warnings)
	}
	want := map[string]any{
		"type": "realtime", "instructions": "Be brief.", "output_modalities": []any{"audio"}, "truncation": "disabled",
		"audio": map[string]any{"input": map[string]any{}, "output": map[string]any{}},
	}
	if diff := cmp.Diff(want, p.sent(t)[0]["session"]); diff != "" {
		t.Errorf("session (-want +got):\n%s", diff)
	}
}

func TestACallTakesOneConversation(t *testing.T) {
	p := withCall(t)
	target := p.target(t, settings{"call_id": "rtc_1"})
	begin(t, target, core.Start{})
	_, err := target.StartConversation(t.Context(), core.Start{})
	if core.KindOf(err) != core.ErrorConfig || core.HintOf(err) == "" {
		t.Errorf("a second conversation: a %q error, %v", core.KindOf(err), err)
	}
}

func TestACallThatCannotBeJoinedMayBeTriedAgain(t *testing.T) {
	p := withCall(t, "connect-unavailable@1")
	target := p.target(t, settings{"call_id": "rtc_1"})
	if _, err := target.StartConversation(t.Context(), core.Start{}); core.KindOf(err) != core.ErrorUnavailable {
		t.Fatalf("got a %q error, %v", core.KindOf(err), err)
	}
	begin(t, target, core.Start{})
	if _, err := p.target(t, settings{"call_id": "rtc_2"}).StartConversation(t.Context(), core.Start{}); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a call that is not running: a %q error, %v", core.KindOf(err), err)
	}
}

func TestACallWhoseConnectionIsLostIsNotBegunAnew(t *testing.T) {
	p := withCall(t, "drop-after-reply@1")
	c := begin(t, p.target(t, settings{"call_id": "rtc_1"}), core.Start{})
	send(t, c, core.UserText("hello"))
	if _, err := c.Send(t.Context(), core.UserText("again")); core.KindOf(err) != core.ErrorUnavailable {
		t.Fatalf("got a %q error, %v", core.KindOf(err), err)
	}
	if p.Stats().Connections != 1 {
		t.Errorf("%d connections", p.Stats().Connections)
	}
}

func TestWhatOthersSayInACallDoesNotEndTheConversation(t *testing.T) {
	answer := func(s *service, id, text string) {
		asked, _ := s.await("response.create")["response"].(map[string]any)
		label, _ := asked["metadata"].(map[string]any)
		events := response(id, text)
		events[0] = fmt.Sprintf(`{"type":"response.created","response":{"id":%q,"metadata":{"turn":%q}}}`, id, label["turn"])
		s.say(response("before-"+id, "somebody else's")...)
		s.say(events...)
		s.say(response("after-"+id, "somebody else's")...)
	}
	c := talkTo(t, scripted(t, func(s *service) {
		answer(s, "r1", "one")
		answer(s, "r2", "two")
	}), settings{"call_id": "rtc_1"})
	for _, want := range []string{"one", "two"} {
		reply := send(t, c, core.UserText(want))
		if got := reply.Message.Text(); got != want || len(reply.Warnings) > 0 {
			t.Errorf("the turn %q is answered with %q, warnings %q", want, got, reply.Warnings)
		}
	}
}
