package view

import (
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

func TestWhatHelpersWereAskedIsShownUnderTheTurnThatItWasAskedFor(t *testing.T) {
	at := time.Unix(1000, 0)
	answered := record.HelperTurn{
		Turn: record.Turn{
			Started: at, Ended: at.Add(1500 * time.Millisecond), Sent: core.UserText("Did it\nleak?"),
			Reply: &core.Reply{
				Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes\n")}}},
				Finish:  core.FinishTruncated, Detail: "too long", Usage: core.Usage{InputTokens: 3}, Warnings: []string{"old model"},
			},
		},
		Kind: core.KindScorer, By: "leaked", For: 1, Target: "judge",
		Start: core.Start{SystemPrompt: "You judge.\nBe fair.", History: []core.Message{core.UserText("before")}},
	}
	failed := record.HelperTurn{
		Turn: record.Turn{
			Started: at, Ended: at, Sent: core.Message{Role: core.User},
			Failure: &record.Failure{Kind: core.ErrorAuth, Message: "who are you?", Hint: "log in"},
		},
		Kind: core.KindConverter, By: "reword", For: 2, Target: "writer",
	}
	none := func(core.Value) (string, bool) { return "", false }
	helped := []record.HelperTurn{answered, failed}
	var b strings.Builder
	writeHelp(&b, helpFor(1, helped), none)
	writeUnsent(&b, make([]record.Turn, 2), helped, none)
	const want = `    scorer leaked asked judge  1.5s  truncated: too long
        system      You judge.
                    Be fair.
        user        before
        user        Did it
                    leak?
        assistant   yes
        tokens      3 in
        warning     old model

[3] was not sent
    converter reword asked writer  0s
        no reply    auth error: who are you?
        hint        log in
`
	if got := b.String(); got != want {
		t.Errorf("shown:\n%s\nwant:\n%s", got, want)
	}
}
