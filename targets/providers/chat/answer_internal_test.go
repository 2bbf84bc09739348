package chat

import (
	"encoding/json"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAnErrorThatTheEndOfTheStreamCutsOffIsTold(t *testing.T) {
	for data, want := range map[string]core.ErrorKind{`{"error":"died"}`: core.ErrorUnavailable, `{"error":"di`: "", `{"choices":[`: ""} {
		if err := newAnswer(&target{config: defaultConfig()}).takeCut([]byte(data)); core.KindOf(err) != want {
			t.Errorf("%s: %v, want a %q error", data, err, want)
		}
	}
}

func TestAFilterThatEndsTheStreamBlocksTheMessageOnlyBeforeTheReply(t *testing.T) {
	for _, begun := range []bool{false, true} {
		a := newAnswer(&target{config: defaultConfig()})
		if begun {
			a.reply.Text("", "No")
		}
		if err := a.failed([]byte(`{"error":{"code":"content_filter","message":"x"}}`)); err != nil || a.blocked == "" || a.promptBlocked == begun {
			t.Errorf("begun %t: blocked is %q, of the message %t, %v", begun, a.blocked, a.promptBlocked, err)
		}
	}
}

func TestOtherFiltersSayWhatTheyObjectTo(t *testing.T) {
	reply, prompt := (&completion{InputSensitive: true}).flagged()
	if len(reply) != 0 || len(prompt) != 1 {
		t.Errorf("of the reply %q, of the message %q", reply, prompt)
	}
}

func TestAPartIsItsTextAndAnObjectOfNoKnownFormItsSource(t *testing.T) {
	for data, want := range map[string]string{
		`[{"type":"text"}]`: "", `[{"type":"text","text":"a"}]`: "a", `[{"text":"a"}]`: "a", `{"value":"a"}`: `{"value":"a"}`, `[{}]`: "", `7`: "7",
		`[{"type":"text","text":{"value":"a"}}]`: `{"value":"a"}`,
	} {
		var c content
		if err := json.Unmarshal([]byte(data), &c); err != nil || c.text != want {
			t.Errorf("%s is read as %q, %v; want %q", data, c.text, err, want)
		}
	}
}

func TestATextMayEndAnywhereWhereCallsFollow(t *testing.T) {
	const cut = "I am sorry. I cannot tell you the code because it is confid"
	a := newAnswer(&target{config: defaultConfig()})
	if a.liesAboutStop(cut, false) == "" || a.liesAboutStop(cut, true) != "" {
		t.Errorf("without calls %q, with calls %q", a.liesAboutStop(cut, false), a.liesAboutStop(cut, true))
	}
}
