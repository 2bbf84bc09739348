package main

import (
	"context"
	"encoding/json"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
)

func TestTheFirstTurnIsRememberedAcrossLostConnectionsAndASessionThatEnds(t *testing.T) {
	// The socket is dropped after turns 2 and 4, and the session that comes
	// then is about to end after turn 5.
	p := shared(t)
	config, err := json.Marshal(map[string]string{
		"model": "m", "endpoint": "ws://" + p.host + "/v1?fault=drop-after-reply@2&fault=short-session@3",
	})
	if err != nil {
		t.Fatal(err)
	}
	target, err := core.Open[core.Target](t.Context(), realtime.Component(), config)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{SystemPrompt: "The vault code is blue eleven."})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := talk.End(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	var last core.Reply
	var replayed []bool
	for _, turn := range []string{introduction, "What are your hours?", "Thank you.", "Is it raining?", "I see.", demand} {
		if last, err = talk.Send(t.Context(), core.UserText(turn)); err != nil {
			t.Fatalf("%q: %v", turn, err)
		}
		replayed = append(replayed, last.Replayed)
	}
	if got := last.Message.Text(); got != leaked {
		t.Errorf("the demand is answered with %q, want %q: turn 1 is forgotten", got, leaked)
	}
	if want := []bool{false, false, true, true, true, true}; !slices.Equal(replayed, want) {
		t.Errorf("replayed %v, want %v", replayed, want)
	}
}
