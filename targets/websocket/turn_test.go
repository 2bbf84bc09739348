package wstarget_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

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
