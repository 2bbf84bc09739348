package command_test

import (
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// writing is a program that answers its first message with a line, and ends.
func writing(line string) []string {
	return []string{"sh", "-c", `read -r start; read -r message; printf '%s' "$1"`, "sh", line}
}

func TestWhatStandsBesideAReplyNeverDecidesAboutIt(t *testing.T) {
	const said = `{"type":"reply","text":"blue eleven"`
	for name, test := range map[string]struct {
		line   string
		finish core.Finish
		warns  string
	}{
		"a detail that is no text":    {said + `,"detail":{"a":1}}`, core.FinishComplete, ""},
		"an id that is no number":     {said + `,"id":"one"}`, core.FinishComplete, "the id of a line is no number"},
		"an id that is no whole one":  {said + `,"id":1.5}`, core.FinishComplete, "the id of a line is no number"},
		"no id":                       {said + `,"id":null}`, core.FinishComplete, ""},
		"a finish that is no text":    {said + `,"finish":7}`, core.FinishUnconfirmed, ""},
		"a kind that is no text":      {said + `,"kind":[]}`, core.FinishComplete, ""},
		"a wait that is none":         {said + `,"retry_after":"soon"}`, core.FinishComplete, ""},
		"a wait that is a number":     {said + `,"retry_after":-4}`, core.FinishComplete, ""},
		"a usage that is none":        {said + `,"usage":{"input_tokens":2.5}}`, core.FinishComplete, "the usage of the reply has counts that are none"},
		"warnings that are no list":   {said + `,"warnings":{"a":1}}`, core.FinishComplete, `{"a":1}`},
		"a message that is no text":   {said + `,"message":3}`, core.FinishComplete, ""},
		"a key that is not known yet": {said + `,"mood":"good"}`, core.FinishComplete, ""},
	} {
		t.Run(name, func(t *testing.T) {
			talk := begin(t, opened(t, inProcess(t), "command", config(writing(test.line+"\n"), nil)), core.Start{})
			reply, err := talk.Send(t.Context(), core.UserText("x"))
			if err != nil || reply.Message.Text() != "blue eleven" || reply.Finish != test.finish {
				t.Fatalf("%s %q, %v; want %s", reply.Finish, reply.Message.Text(), err, test.finish)
			}
			if !strings.Contains(strings.Join(reply.Warnings, "\n"), test.warns) {
				t.Errorf("warnings %q, want one with %q", reply.Warnings, test.warns)
			}
		})
	}
}

func TestWhatAProgramHadWrittenIsKept(t *testing.T) {
	for name, line := range map[string]string{
		"a line that was cut off":         `{"type":"reply","text":"blue eleven`,
		"a piece that was cut off":        `{"type":"delta","text":"blue eleven`,
		"pieces, and no reply":            `{"type":"delta","text":"blue eleven"}` + "\n",
		"pieces, and an error":            `{"type":"delta","text":"blue eleven"}` + "\n" + `{"type":"error","kind":5,"message":{},"retry_after":[]}` + "\n",
		"pieces, and what is no JSON":     `{"type":"delta","text":"blue eleven"}` + "\nTraceback\n",
		"a reply to another message":      `{"type":"reply","text":"blue eleven","id":9}` + "\n",
		"a reply with a part that is odd": `{"type":"reply","text":"blue eleven","parts":[{"modality":"smell"}]}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			talk := begin(t, opened(t, inProcess(t), "command", config(writing(line), nil)), core.Start{})
			reply, err := talk.Send(t.Context(), core.UserText("x"))
			if err == nil || reply.Message.Text() != "blue eleven" || reply.Finish != core.FinishBroken {
				t.Errorf("%s %q, %v; want what arrived, and an error", reply.Finish, reply.Message.Text(), err)
			}
		})
	}
}

func TestAGreetingThatIsCutOffIsNoReply(t *testing.T) {
	talk := begin(t, opened(t, inProcess(t), "command", config(writing(`{"type":"greeting","text":"Welcome`), nil)), core.Start{})
	if reply, err := talk.Send(t.Context(), core.UserText("x")); err == nil || reply.Message.Text() != "" {
		t.Errorf("%s %q, %v; want an error alone", reply.Finish, reply.Message.Text(), err)
	}
}

func TestAWaitIsNeverNegative(t *testing.T) {
	for given, want := range map[string]time.Duration{`"3s"`: 3 * time.Second, `"-3s"`: 0, `"soon"`: 0, `{}`: 0, `null`: 0} {
		line := `{"type":"error","kind":"rate_limited","message":"slow down","retry_after":` + given + "}\n"
		talk := begin(t, opened(t, inProcess(t), "command", config(writing(line), nil)), core.Start{})
		_, err := talk.Send(t.Context(), core.UserText("x"))
		if core.KindOf(err) != core.ErrorRateLimited || core.RetryAfterOf(err) != want {
			t.Errorf("%s: %v, after %s; want %s", given, err, core.RetryAfterOf(err), want)
		}
	}
}
