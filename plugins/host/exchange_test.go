package host_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// talkTo starts a conversation whose replies can be interrupted, as far as the
// host knows.
func talkTo(t *testing.T, h *host.Host, use string) core.Interruptible {
	t.Helper()
	target, err := h.OpenTarget(t.Context(), use, nil)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = talk.End(t.Context()) })
	return talk.(core.Interruptible)
}

// over are messages of which each is said over the reply to the one before.
func over(texts ...string) []core.Message {
	messages := make([]core.Message, len(texts))
	for i, text := range texts {
		messages[i] = core.UserText(text)
		messages[i].Delivery.InterruptAfter = time.Duration(i) * time.Second
	}
	return messages
}

func textsOf(replies []core.Reply) []string {
	var texts []string
	for _, r := range replies {
		texts = append(texts, r.Message.Text())
	}
	return texts
}

func TestMessagesThatInterruptAreAnsweredInOrder(t *testing.T) {
	h, _ := newHost(t, nil)
	replies, err := talkTo(t, h, "caller").Exchange(t.Context(), over("one", "two", "three"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := textsOf(replies), []string{"one after 0s", "two after 1s", "three after 2s"}; !slices.Equal(got, want) {
		t.Errorf("replies %q, want %q", got, want)
	}
}

func TestTheRepliesBeforeAnErrorComeWithIt(t *testing.T) {
	h, _ := newHost(t, nil)
	replies, err := talkTo(t, h, "caller").Exchange(t.Context(), over("one", "two", "fail", "four"))
	if got, want := textsOf(replies), []string{"one after 0s", "two after 1s"}; !slices.Equal(got, want) {
		t.Errorf("replies %q, want %q", got, want)
	}
	if e, ok := errors.AsType[*core.Error](err); !ok || e.Kind != core.ErrorRateLimited || e.RetryAfter != 3*time.Second {
		t.Errorf("error %v, want the component's own with its wait", err)
	}
}

func TestATargetThatForgetsAReplyFails(t *testing.T) {
	h, _ := newHost(t, nil)
	replies, err := talkTo(t, h, "caller").Exchange(t.Context(), over("one", "forget"))
	if len(replies) != 1 || core.KindOf(err) != core.ErrorInternal || !strings.Contains(err.Error(), "1 replies to 2 messages") {
		t.Errorf("%d replies and %v, want one and an internal error", len(replies), err)
	}
}

func TestATargetThatCannotBeInterruptedSaysSo(t *testing.T) {
	h, _ := newHost(t, nil)
	talk := talkTo(t, h, "parrot")
	replies, err := talk.Exchange(t.Context(), over("one", "two"))
	if len(replies) != 0 || core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("%d replies and %v, want none and an unsupported error", len(replies), err)
	}
	if replies, err := talk.Exchange(t.Context(), over("one")); err != nil || len(replies) != 1 {
		t.Errorf("a single message: %d replies and %v", len(replies), err)
	}
}

func TestMoreRepliesThanMessagesAreRefused(t *testing.T) {
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "raw")}, o.Log), nil
	})
	talk := talkTo(t, h, "raw/chatty")
	replies, err := talk.Exchange(t.Context(), over("one", "two"))
	if len(replies) != 2 || core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "more replies than messages") {
		t.Errorf("%d replies and %v, want two and a protocol error", len(replies), err)
	}
	if _, err := talk.Send(t.Context(), core.UserText("one")); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("one message: %v, want a protocol error", err)
	}
}
