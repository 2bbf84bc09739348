package realtime_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestAnOutOfBandTurnKnowsTheConversationAndLeavesNoTraceInIt(t *testing.T) {
	for name, probe := range map[string]core.Message{"written": core.UserText("probe"), "spoken": spoken(t, time.Second)} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, remembers()).talk(t, nil)
			send(t, c, core.UserText("one"))
			probe.Delivery.OutOfBand = true
			got := send(t, c, probe).Message.Text()
			if !strings.HasPrefix(got, "one then ") || got == "one then " {
				t.Errorf("the probe is answered with %q", got)
			}
			if got := send(t, c, core.UserText("two")).Message.Text(); got != "one then two" {
				t.Errorf("the conversation has a trace of it: %q", got)
			}
		})
	}
}

func TestWhatCannotBeOutOfBandIsRefused(t *testing.T) {
	c := serve(t, remembers()).talk(t, nil)
	for name, test := range map[string]struct {
		message core.Message
		kind    core.ErrorKind
	}{
		"streamed": {streamed(t, time.Second), core.ErrorUnsupported},
		"too long": {spoken(t, long), core.ErrorInput},
	} {
		t.Run(name, func(t *testing.T) {
			test.message.Delivery.OutOfBand = true
			if _, err := c.Send(t.Context(), test.message); core.KindOf(err) != test.kind {
				t.Errorf("got a %q error: %v", core.KindOf(err), err)
			}
			if got := send(t, c, core.UserText("hello")).Message.Text(); !strings.HasSuffix(got, "hello") {
				t.Errorf("the next turn is answered with %q", got)
			}
		})
	}
}

func TestImagesAreSent(t *testing.T) {
	agent := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		last := items[len(items)-1]
		if len(last.Images) != 1 {
			return "blind", nil
		}
		return last.Images[0].MediaType + " " + string(last.Images[0].Data) + " " + last.Text, nil
	}}
	c := serve(t, agent, "drop-after-reply@1").talk(t, nil)
	m := core.UserText("what is this?")
	m.Parts = append(m.Parts, core.Part{Value: core.Value{Modality: core.Image, MediaType: "image/png", Data: []byte("picture")}})
	reply := send(t, c, m)
	if got := reply.Message.Text(); got != "image/png picture what is this?" {
		t.Errorf("answered with %q", got)
	}
	if reply.Usage.InputImageTokens == 0 {
		t.Errorf("usage %+v", reply.Usage)
	}
}
