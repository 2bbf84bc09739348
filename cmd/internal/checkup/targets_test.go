package checkup_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/checkup"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
)

func TestOneLineSaysHowATargetAnswered(t *testing.T) {
	replied := func(finish core.Finish, detail string) engine.Contact {
		return engine.Contact{Target: "agent", Took: 1500 * time.Millisecond, Reply: core.Reply{
			Message: core.UserText("Hello."), Finish: finish, Detail: detail, Timing: core.Timing{FirstEvent: 250 * time.Millisecond},
		}}
	}
	with := func(c engine.Contact, change func(*engine.Contact)) engine.Contact {
		change(&c)
		return c
	}
	refused := core.Errorf(core.ErrorUnavailable, "target \"agent\": sending: connection\nrefused").WithHint("start it")
	const times = ", first event 250ms, total 1.5s"
	for name, test := range map[string]struct {
		contact engine.Contact
		want    checkup.Finding
	}{
		"complete": {replied(core.FinishComplete, ""), checkup.Finding{Level: checkup.OK, What: "complete" + times}},
		"the target's own time to the end": {
			with(replied(core.FinishComplete, ""), func(c *engine.Contact) { c.Reply.Timing.Total = time.Second }),
			checkup.Finding{Level: checkup.OK, What: "complete, first event 250ms, total 1s"},
		},
		"no time of a first event": {
			with(replied(core.FinishComplete, ""), func(c *engine.Contact) { c.Reply.Timing.FirstEvent, c.Took = 0, time.Microsecond }),
			checkup.Finding{Level: checkup.OK, What: "complete, first event unknown, total 1ms"},
		},
		"truncated":   {replied(core.FinishTruncated, "length\nlimit"), checkup.Finding{Level: checkup.Warning, What: "truncated (length limit)" + times, Do: "such a reply never proves a defence: trials would be undetermined"}},
		"unconfirmed": {replied(core.FinishUnconfirmed, ""), checkup.Finding{Level: checkup.Warning, What: "unconfirmed" + times, Do: "such a reply never proves a defence: trials would be undetermined"}},
		"blocked":     {replied(core.FinishBlocked, "a filter"), checkup.Finding{Level: checkup.Warning, What: "blocked (a filter)" + times, Do: "a filter stops what is harmless: every attack would look defended"}},
		"empty": {
			with(replied(core.FinishComplete, ""), func(c *engine.Contact) { c.Blank = true }),
			checkup.Finding{Level: checkup.Warning, What: "complete" + times, Do: "the reply is empty, and such a one never proves a defence: trials would be undetermined"},
		},
		"an error": {
			engine.Contact{Target: "agent", Err: refused},
			checkup.Finding{Level: checkup.Problem, What: "sending: connection refused", Do: "start it"},
		},
		"an interruption": {
			engine.Contact{Target: "agent", Err: core.Errorf(core.ErrorInterrupted, "interrupted before the reply came")},
			checkup.Finding{Level: checkup.Warning, What: "interrupted before the reply came"},
		},
		"a reply that broke off": {
			with(replied(core.FinishBroken, ""), func(c *engine.Contact) { c.Err = errors.New("lost") }),
			checkup.Finding{Level: checkup.Problem, What: "lost"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := checkup.Targets([]app.Greeting{{Contact: test.contact, Use: "chat", Model: "m", Place: "https://api.example/v1"}})
			test.want.Check, test.want.What = "target", "agent (chat, m, https://api.example/v1): "+test.want.What
			if !slices.Equal(got, []checkup.Finding{test.want}) {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestATargetThatWasNotAskedIsAWarning(t *testing.T) {
	got := checkup.Targets([]app.Greeting{{Contact: engine.Contact{Target: "eye"}, Use: "gallery", Unasked: "it takes no text"}})
	if want := []checkup.Finding{{Level: checkup.Warning, Check: "target", What: "eye (gallery): not asked: it takes no text"}}; !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestWarningsOfAReplyFollowItsLine(t *testing.T) {
	c := engine.Contact{Target: "agent", Reply: core.Reply{Message: core.UserText("hi"), Finish: core.FinishComplete, Warnings: []string{"the service\nignores temperature"}}}
	got := checkup.Targets([]app.Greeting{{Contact: c, Use: "command"}, {Contact: engine.Contact{Target: "other", Err: errors.New("no")}, Use: "chat"}})
	if len(got) != 3 || got[0].Level != checkup.OK || got[1] != (checkup.Finding{Level: checkup.Warning, Check: "target", What: "agent: the service ignores temperature"}) ||
		got[2].Level != checkup.Problem || got[2].What != "other (chat): no" {
		t.Errorf("%+v", got)
	}
}
