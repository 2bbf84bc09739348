package wstarget_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

func TestATextThatNoMessageCarriesIsRefused(t *testing.T) {
	c := begin(t, opened(t, inProcess{}, config(echo(t), keys{"message": []any{"reset"}})), core.Start{})
	if _, err := c.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorUnsupported || core.HintOf(err) != "put $(prompt) into message" {
		t.Errorf("error %v (%s)", err, core.HintOf(err))
	}
	if reply, err := c.Send(t.Context(), core.UserText("after_trial")); err != nil || reply.Message.Text() != "reset" {
		t.Errorf("a request without a text: %q, %v", reply.Message.Text(), err)
	}
}

func TestWhatMessagesDoNotCarryIsToldBeforeTheyAreSent(t *testing.T) {
	const begins = `{"url": "wss://bot.example", "greeting": false`
	for config, want := range map[string]string{
		begins + `}`: "system_prompt history in:audio out:audio",
		begins + `, "message": [{"text": "$(prompt)", "past": "$(history)"}], "opening": [{"instructions": "$(system_prompt)"}]}`: "in:audio out:audio",
		begins + `, "message": ["go"], "opening": ["$(prompt)"]}`:                                                                 "system_prompt history in:text in:audio out:audio",
		begins + `, "closing": ["$(system_prompt) $(history)"]}`:                                                                  "system_prompt history in:audio out:audio",
		begins + `, "sound": {"binary": true}}`:                                                                                   "system_prompt history",
		begins + `, "sound": {"message": {"media": "$(sound)"}}}`:                                                                 "system_prompt history out:audio",
		begins + `, "reply": {"sound": ".media"}}`:                                                                                "system_prompt history in:audio",
	} {
		checked, err := wstarget.Component().CheckConfig([]byte(config))
		var got []string
		for _, r := range checked.Restrictions {
			if !r.Valid() || r.Hint == "" {
				t.Errorf("%s: restriction %+v", config, r)
			}
			switch {
			case r.In != "":
				got = append(got, "in:"+string(r.In))
			case r.Out != "":
				got = append(got, "out:"+string(r.Out))
			default:
				got = append(got, r.Capability)
			}
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: restricted %q, %v, want %q", config, got, err, want)
		}
	}
}
