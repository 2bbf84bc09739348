package wstarget

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// hearing is a conversation with a service whose events the test sends, by a clock of its
// own. configure changes the configuration of a service that sends pieces t and an end.
func hearing(t *testing.T, configure func(*Config)) *conversation {
	t.Helper()
	c := defaultConfig()
	c.URL, c.Greeting = "ws://127.0.0.1:1/", new(bool)
	c.Reply = Reply{Text: ".t // empty", End: ".end"}
	c.Rules = []Rule{{JQ: ".filtered", Is: "blocked"}, {JQ: ".limit", Is: "rate_limited"}}
	if configure != nil {
		configure(&c)
	}
	p, err := compile(c)
	if err != nil {
		t.Fatal(err)
	}
	p.message = nil // there is nobody to send it to
	return &conversation{
		target: &target{config: c, plan: p}, taken: map[string]any{},
		socket: &socket{events: make(chan event, waitingEvents), ended: make(chan struct{}), room: make(chan struct{}, 1), limit: 1 << 20},
	}
}

func (s *socket) say(texts ...string) {
	for _, text := range texts {
		s.hold(len(text))
		s.events <- newEvent([]byte(text), false, false)
	}
}

// turn is one turn: it takes what came before, and hears the reply.
func (c *conversation) hear(t *testing.T) core.Reply {
	t.Helper()
	began := time.Now()
	r, err := c.ask(t.Context(), nil, &began)
	if err != nil {
		t.Fatal(err)
	}
	out := r.result(began)
	if r.failure == nil {
		c.suspect(&out, r)
	}
	out.Warnings, c.notes = append(c.notes, out.Warnings...), nil
	return out
}

// heard is what a turn is expected to be.
type heard struct {
	text   string
	finish core.Finish
	warns  string
}

func TestALateEventIsNotTakenForAPartOfTheNextReply(t *testing.T) {
	const complete, unconfirmed, blocked = core.FinishComplete, core.FinishUnconfirmed, core.FinishBlocked
	firstIsAll := func(c *Config) { c.Reply = Reply{} }
	for name, test := range map[string]struct {
		configure func(*Config)
		// turns are what the service sends in each turn; a number is a wait in
		// milliseconds, "|" the time between this turn and the next.
		turns [][]string
		want  []heard
	}{
		"an end twice, the second in time":    {nil, [][]string{{`{"t":"one","end":true}`, `{"end":true}`}, {`{"t":"two","end":true}`}}, []heard{{"one", complete, ""}, {"two", complete, ""}}},
		"an end twice, the second late":       {nil, [][]string{{`{"t":"one","end":true}`}, {`{"end":true}`, "200", `{"t":"two"}`, "5000", `{"t":"!","end":true}`}}, []heard{{"one", complete, ""}, {"two!", complete, ""}}},
		"an end and nothing":                  {nil, [][]string{{`{"end":true}`}, {`{"t":"two","end":true}`}, {`{"t":"three","end":true}`}}, []heard{{"", unconfirmed, ""}, {"two", unconfirmed, ""}, {"three", unconfirmed, ""}}},
		"a filter, then the end":              {nil, [][]string{{`{"t":"I","filtered":1}`, "100", `{"end":true}`}, {`{"t":"two","end":true}`}}, []heard{{"I", blocked, ""}, {"two", complete, ""}}},
		"a filter, then pieces and the end":   {nil, [][]string{{`{"filtered":1}`, "100", `{"t":"late"}`, `{"end":true}`}, {`{"t":"two","end":true}`}}, []heard{{"", blocked, "after the reply the service said: late"}, {"two", complete, ""}}},
		"a filter, and the end late":          {nil, [][]string{{`{"filtered":1}`}, {"10", `{"end":true}`, "5000", `{"t":"two","end":true}`}}, []heard{{"", blocked, ""}, {"two", complete, ""}}},
		"a filter, and the end between":       {nil, [][]string{{`{"filtered":1}`, "1000", "|", `{"end":true}`}, {`{"end":true}`}}, []heard{{"", blocked, ""}, {"", unconfirmed, ""}}},
		"a filter with the end":               {nil, [][]string{{`{"filtered":1,"end":true}`}, {`{"end":true}`}}, []heard{{"", blocked, ""}, {"", unconfirmed, ""}}},
		"a filter and no end":                 {nil, [][]string{{`{"filtered":1}`}, {`{"t":"two"}`, "5000", `{"end":true}`}}, []heard{{"", blocked, ""}, {"two", complete, ""}}},
		"speech between turns":                {nil, [][]string{{`{"t":"one","end":true}`, "1000", "|", `{"t":"by the way","end":true}`}, {`{"t":"two","end":true}`}}, []heard{{"one", complete, ""}, {"two", complete, "before this turn was sent the service said: by the way"}}},
		"speech that goes on":                 {nil, [][]string{{`{"t":"one","end":true}`, "1000", "|", `{"t":"by "}`}, {"100", `{"t":"the way","end":true}`, "300", `{"t":"two","end":true}`}}, []heard{{"one", complete, ""}, {"two", complete, "by the way"}}},
		"speech between turns without an end": {nil, [][]string{{`{"t":"one","end":true}`, "1000", "|", `{"t":"by "}`}, {"1000", `{"t":"two","end":true}`}}, []heard{{"one", complete, ""}, {"two", unconfirmed, "by"}}},
		"speech that begins again":            {nil, [][]string{{`{"t":"one","end":true}`, "1000", "|", `{"t":"by the way","end":true}`, `{"t":"and"}`}, {"1000", `{"t":"two","end":true}`}}, []heard{{"one", complete, ""}, {"two", unconfirmed, "by the wayand"}}},
		"an event, and nothing":               {firstIsAll, [][]string{{"one"}, {"two"}}, []heard{{"one", complete, ""}, {"two", complete, ""}}},
		"an event, and another soon":          {firstIsAll, [][]string{{"one", "249", "more", "249", "still"}, {"two"}}, []heard{{"one\nmore\nstill", unconfirmed, ""}, {"two", complete, ""}}},
		"an event, and another between":       {firstIsAll, [][]string{{"one", "1000", "|", "more"}, {"two"}}, []heard{{"one", complete, ""}, {"two", unconfirmed, "more"}}},
		"a limit, then an event of the reply": {nil, [][]string{{`{"limit":1}`, "100", `{"end":true}`}, {`{"t":"two","end":true}`}}, []heard{{"", unconfirmed, ""}, {"two", complete, ""}}},
		"a quiet time, and a piece behind it": {func(c *Config) { c.Reply = Reply{Text: ".t // empty", Quiet: core.Duration(time.Second)} }, [][]string{{`{"t":"one"}`, "2000", `{"t":"late"}`}, {`{"t":"two"}`}}, []heard{{"one", unconfirmed, ""}, {"two", unconfirmed, "late"}}},
		"a quiet time that is not kept":       {func(c *Config) { c.Reply = Reply{Text: ".t // empty", Quiet: core.Duration(time.Second)} }, [][]string{{`{"t":"one"}`, "999", `{"t":" more"}`}}, []heard{{"one more", unconfirmed, ""}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := hearing(t, test.configure)
				for i, want := range test.want {
					var sent sync.WaitGroup
					sent.Go(func() {
						time.Sleep(time.Millisecond) // the turn is on its way
						for _, text := range test.turns[i] {
							if ms, err := strconv.Atoi(text); err == nil {
								time.Sleep(time.Duration(ms) * time.Millisecond)
								continue
							}
							if text != "|" {
								c.socket.say(text)
							}
						}
					})
					out := c.hear(t)
					sent.Wait()
					if out.Message.Text() != want.text || out.Finish != want.finish || !strings.Contains(strings.Join(out.Warnings, "\n"), want.warns) {
						t.Errorf("turn %d is %s (%s): %q, warnings %q; want %s: %q, %q", i+1, out.Finish, out.Detail, out.Message.Text(), out.Warnings, want.finish, want.text, want.warns)
					}
				}
			})
		})
	}
}

func TestTheTimeOfAReplyIsThatOfItsLastEvent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hearing(t, func(c *Config) { c.Reply = Reply{} })
		go func() {
			time.Sleep(time.Second)
			c.socket.say("one")
		}()
		if out := c.hear(t); out.Timing.Total != time.Second || out.Timing.FirstEvent != time.Second {
			t.Errorf("%+v, want a second", out.Timing)
		}
	})
}

func TestEventsThatWaitAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &socket{room: make(chan struct{}, 1), stop: make(chan struct{}), limit: 100}
		if !s.hold(60) || !s.hold(40) {
			t.Fatal("there is no room")
		}
		for _, take := range []bool{true, false} {
			held := make(chan bool)
			go func() { held <- s.hold(60) }()
			synctest.Wait()
			select {
			case <-held:
				t.Fatal("more was held than there is room for")
			default:
			}
			if take {
				s.release(event{data: make([]byte, 60)})
			} else {
				close(s.stop)
			}
			if got := <-held; got != take {
				t.Errorf("held: %v, want %v", got, take)
			}
		}
	})
}

func TestAnEventAsLongAsIsAllowedIsHeld(t *testing.T) {
	s := &socket{room: make(chan struct{}, 1), stop: make(chan struct{}), limit: 100}
	if !s.hold(101) {
		t.Error("an event alone has no room")
	}
}

func TestWhoLeavesIsToldSoWhateverElseHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hearing(t, nil)
		c.socket.say(`{"t":"one"}`)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if e, err := c.next(ctx, &reply{target: c.target}, time.Time{}); e != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("event %v, error %v", e, err)
		}
	})
}

func TestAReplyEndsQuietlyByTheTimesAtWhichItsEventsCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hearing(t, func(c *Config) { c.Reply = Reply{Text: ".t // empty", Quiet: core.Duration(time.Second)} })
		for range 3 { // all wait when they are looked at
			c.socket.say(`{"t":"a"}`)
			time.Sleep(999 * time.Millisecond)
		}
		time.Sleep(time.Millisecond)
		c.socket.say(`{"t":"late"}`)
		r := &reply{target: c.target}
		if err := c.listen(t.Context(), r, time.Time{}); err != nil || string(r.text) != "aaa" || r.finish != core.FinishUnconfirmed {
			t.Errorf("%q (%s), %v", r.text, r.finish, err)
		}
		if e := c.arrived(); e == nil || string(e.data) != `{"t":"late"}` {
			t.Errorf("%v is left, want the late piece", e)
		}
	})
}

func TestATurnIsNotSentWhereTheServiceHasClosed(t *testing.T) {
	c := hearing(t, nil)
	c.socket.err = &websocket.CloseError{Code: websocket.CloseNormalClosure, Text: "bye"}
	close(c.socket.ended)
	if err := c.drain(t.Context()); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(core.HintOf(err), "can have one turn") {
		t.Errorf("%v (%s)", err, core.HintOf(err))
	}
	c.socket.say(`{"limit":1}`) // what came before is told first
	if err := c.drain(t.Context()); core.KindOf(err) != core.ErrorRateLimited {
		t.Errorf("%v (%s)", err, core.KindOf(err))
	}
}
