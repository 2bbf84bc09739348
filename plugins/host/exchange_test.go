package host_test

import (
	"context"
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
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), use, nil)
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	h, _ := newHost(t, nil)
	replies, err := talkTo(t, h, "caller").Exchange(t.Context(), over("one", "forget"))
	if len(replies) != 1 || core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "1 replies to 2 messages") {
		t.Errorf("%d replies and %v, want one and a protocol error", len(replies), err)
	}
}

func TestATargetThatCannotBeInterruptedSaysSo(t *testing.T) {
	t.Parallel()
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

func TestAReplyThatBrokeOffComesWithWhatBrokeIt(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	talk := talkTo(t, h, "caller")
	reply, err := talk.Send(t.Context(), core.UserText("break"))
	if reply.Finish != core.FinishBroken || reply.Message.Text() != "break after 0s" {
		t.Errorf("reply %+v, want what came of it", reply)
	}
	if core.KindOf(err) != core.ErrorUnavailable || core.SubjectOf(err) != core.SubjectAnswer {
		t.Errorf("error %v (%s), want the component's own, which speaks of an answer", err, core.SubjectOf(err))
	}
	replies, err := talk.Exchange(t.Context(), over("one", "break", "three"))
	if got, want := textsOf(replies), []string{"one after 0s", "break after 1s"}; !slices.Equal(got, want) || core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("replies %q and %v, want %q and the component's error", got, err, want)
	}
	if replies[0].Finish != core.FinishComplete || replies[1].Finish != core.FinishBroken {
		t.Errorf("they ended as %s and %s, want complete and broken", replies[0].Finish, replies[1].Finish)
	}
}

func TestWhatCameBeforeADeadlineIsReturnedWithIt(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	talk := talkTo(t, h, "caller")
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	reply, err := talk.Send(ctx, core.UserText("go on"))
	if reply.Finish != core.FinishBroken || core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("reply %+v and %v, want one that broke off because of a timeout", reply, err)
	}
}

// sendUntilStopped sends a message, cancels the call once the target has it, and returns how
// long the call took from then on.
func sendUntilStopped(t *testing.T, talk core.Conversation, text string, log *logBuffer) (core.Reply, time.Duration, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	type answer struct {
		reply core.Reply
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		reply, err := talk.Send(ctx, core.UserText(text))
		answers <- answer{reply, err}
	}()
	log.waitFor(t, "speaking until it is stopped")
	stopped := time.Now()
	cancel()
	a := <-answers
	return a.reply, time.Since(stopped), a.err
}

func TestWhatCameBeforeACallWasCancelledIsReturnedWithIt(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	talk := talkTo(t, h, "caller")
	reply, _, err := sendUntilStopped(t, talk, "go on", log)
	if reply.Finish != core.FinishBroken || reply.Message.Text() != "go on after 0s" || !errors.Is(err, context.Canceled) {
		t.Errorf("reply %+v and %v, want what came, and that the call was cancelled", reply, err)
	}
	if reply, err := talk.Send(t.Context(), core.UserText("one")); err != nil || reply.Message.Text() != "one after 0s" {
		t.Errorf("the next call of the conversation: %+v and %v", reply, err)
	}
}

func TestATargetThatGoesOnWhereACallIsCancelledIsNotWaitedForLong(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	reply, took, err := sendUntilStopped(t, talkTo(t, h, "caller"), "deaf", log)
	if reply.Finish != "" || !errors.Is(err, context.Canceled) || took < time.Second {
		t.Errorf("reply %+v and %v after %v, want none, and that the call was cancelled, after a second", reply, err, took)
	}
}

func TestAPluginThatCannotStopACallHasItCancelled(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "raw")}, o.Log), nil
	})
	reply, _, err := sendUntilStopped(t, talkTo(t, h, "raw/chatty"), "go on", log)
	if reply.Finish != "" || !errors.Is(err, context.Canceled) {
		t.Errorf("reply %+v and %v, want none, and that the call was cancelled", reply, err)
	}
}

func TestAReplyAndAnErrorThatDoNotGoTogetherAreAProtocolError(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "raw")}, o.Log), nil
	})
	talk := talkTo(t, h, "raw/chatty")
	for _, test := range []struct {
		message string
		finish  core.Finish
		kind    core.ErrorKind
		says    string
	}{
		{"whole, and an error", core.FinishBroken, core.ErrorProtocol, `target "raw/chatty": the last reply is whole, and comes with an error: the key is wrong`},
		{"broken, and no error", core.FinishBroken, core.ErrorProtocol, `target "raw/chatty": a reply broke off, and no error says why`},
		{"broken", core.FinishBroken, core.ErrorInternal, "division by zero"},
	} {
		reply, err := talk.Send(t.Context(), core.UserText(test.message))
		if reply.Finish != test.finish || core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: a reply that ended as %q, and %v (%s); want %q, %s and %q",
				test.message, reply.Finish, err, core.KindOf(err), test.finish, test.kind, test.says)
		}
	}
}

func TestMoreRepliesThanMessagesAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) {
		o.Programs, o.Bundled = host.Discover([]string{installed(t, "raw")}, o.Log), nil
	})
	talk := talkTo(t, h, "raw/chatty")
	replies, err := talk.Exchange(t.Context(), over("one", "two"))
	if len(replies) != 2 || replies[1].Finish != core.FinishBroken || core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "more replies than messages") {
		t.Errorf("%d replies and %v, want one and a protocol error", len(replies), err)
	}
	if _, err := talk.Send(t.Context(), core.UserText("one")); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("one message: %v, want a protocol error", err)
	}
}
