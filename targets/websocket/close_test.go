package wstarget_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// closing is a configuration with a rule for a code with which the service closes.
func closing(rule ...any) keys {
	return keys{"reply": keys{"text": ".t // empty", "end": ".end"}, "rules": []any{with(nil, rule...)}}
}

// closeCases are services that close the connection, with rules for it.
func closeCases() map[string]faultCase {
	return map[string]faultCase{
		"a close that ends the reply":     {thenClosed(1000, `{"t":"a"}`), closing("close", []int{1000}, "is", "complete"), outcome{text: "a", finish: core.FinishComplete, detail: "bye"}},
		"a close that ends nothing":       {thenClosed(1000), closing("close", []int{1000}, "is", "complete"), outcome{finish: core.FinishUnconfirmed, detail: "answered with nothing"}},
		"a close of a filter":             {thenClosed(1008, `{"t":"a"}`), closing("close", []int{1008}, "is", "blocked"), outcome{text: "a", finish: core.FinishBlocked, detail: "bye"}},
		"a close by its own code":         {thenClosed(4008), closing("close", []int{4007, 4008}, "is", "rate_limited"), outcome{kind: core.ErrorRateLimited, says: "bye"}},
		"a close for a reason":            {thenClosed(1008), closing("close", []int{1008}, "regex", "^by", "is", "blocked"), outcome{finish: core.FinishBlocked, detail: "bye"}},
		"a close for another reason":      {thenClosed(1008), closing("close", []int{1008}, "regex", "filter", "is", "blocked"), outcome{kind: core.ErrorAuth, says: "close 1008"}},
		"a close that no rule is for":     {thenClosed(1011), closing("close", []int{1008}, "is", "blocked"), outcome{kind: core.ErrorUnavailable, says: "close 1011"}},
		"a lost connection and a rule":    {thenClosed(0), closing("close", []int{1000}, "is", "complete"), outcome{kind: core.ErrorUnavailable, says: "connection was lost"}},
		"an event that such a rule names": {answering(`{"t":"bye","end":true}`), closing("close", []int{1008}, "regex", "bye", "is", "blocked"), outcome{text: "bye", finish: core.FinishComplete}},
	}
}

// closes are the codes with which services close a connection, with the error that they
// are. 0 is none: the connection is lost.
func closes() map[int]struct {
	kind    core.ErrorKind
	subject core.ErrorSubject
} {
	type told = struct {
		kind    core.ErrorKind
		subject core.ErrorSubject
	}
	gone, wrong := told{core.ErrorUnavailable, core.SubjectAnswer}, told{core.ErrorProtocol, core.SubjectAnswer}
	return map[int]told{
		0: gone, 1000: gone, 1001: gone, 1002: wrong, 1003: wrong, 1007: wrong, 1008: {core.ErrorAuth, core.SubjectAnswer}, 1009: wrong,
		1010: wrong, 1011: gone, 1012: gone, 1013: {core.ErrorUnavailable, core.SubjectLimit}, 4001: gone,
	}
}

func TestACloseInTheMiddleOfAReplyIsNoEndOfIt(t *testing.T) {
	for code, want := range closes() {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			c := begin(t, opened(t, inProcess{}, config(serve(t, thenClosed(code, `{"t":"the code"}`)), keys{"reply": keys{"text": ".t", "end": ".end"}})), core.Start{})
			reply, err := c.Send(t.Context(), core.UserText("x"))
			outcome{text: "the code", finish: core.FinishBroken, kind: want.kind}.check(t, reply, err)
			if core.SubjectOf(err) != want.subject {
				t.Errorf("the error speaks of %s, want %s: %v", core.SubjectOf(err), want.subject, err)
			}
		})
	}
}

func TestACloseAfterAReplyIsToldWithTheNextTurn(t *testing.T) {
	for code, want := range closes() {
		for _, rules := range []any{nil, []any{keys{"close": []int{1000, 1001, 1008}, "is": "blocked"}}} {
			t.Run(fmt.Sprintf("%d %v", code, rules != nil), func(t *testing.T) {
				t.Parallel()
				c := begin(t, opened(t, inProcess{}, config(serve(t, thenClosed(code, `{"t":"one","end":true}`)), keys{"reply": keys{"text": ".t", "end": ".end"}, "rules": rules})), core.Start{})
				reply, err := c.Send(t.Context(), core.UserText("x"))
				outcome{text: "one", finish: core.FinishComplete}.check(t, reply, err)
				reply, err = c.Send(t.Context(), core.UserText("x"))
				if reply.Finish == core.FinishBlocked && rules != nil {
					return // the turn was on its way
				}
				if core.KindOf(err) != want.kind || reply.Finish != "" {
					t.Errorf("%s, error %v (%s), want %s", reply.Finish, err, core.KindOf(err), want.kind)
				}
				if _, err := c.Send(t.Context(), core.UserText("x")); !strings.Contains(fmt.Sprint(err), "the conversation is over") {
					t.Errorf("afterwards: %v", err)
				}
			})
		}
	}
}

func TestAServiceThatHasClosedIsNotSentTheNextTurn(t *testing.T) {
	closed := make(chan struct{})
	url := serve(t, func(c talk) {
		c.read()
		c.say(`{"t":"one","end":true}`)
		c.closeWith(1000, "one reply for each connection")
		close(closed)
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"reply": keys{"text": ".t", "end": ".end"}})), core.Start{})
	if _, err := c.Send(t.Context(), core.UserText("x")); err != nil {
		t.Fatal(err)
	}
	<-closed
	_, err := c.Send(t.Context(), core.UserText("x"))
	if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(fmt.Sprint(err), "one reply for each connection") {
		t.Errorf("%v (%s)", err, core.KindOf(err))
	}
}

func TestAGreetingThatIsCutIsNone(t *testing.T) {
	url := serve(t, func(c talk) {
		c.say(`{"t":"Welc"}`)
		c.closeWith(1011, "out of memory")
	})
	for _, more := range []keys{{"reply": keys{"text": ".t", "end": ".end"}}, closing("close", []int{1011}, "is", "complete")} {
		_, err := opened(t, inProcess{}, config(url, with(more, "greeting", true))).StartConversation(t.Context(), core.Start{})
		if core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(fmt.Sprint(err), "out of memory") {
			t.Errorf("%v (%s)", err, core.KindOf(err))
		}
	}
}
