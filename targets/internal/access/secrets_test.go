package access_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestSecretsAreHiddenWhoeverRepeatsThem(t *testing.T) {
	a := open(t, access.Config{
		APIKey: "sk-hunter1", Headers: map[string]core.Secret{"Authorization": "Basic hunter2", "X-Short": "abc"}, Proxy: "http://proxy.example:1", ProxyUser: "u", ProxyPassword: "hunter3",
	})
	a.Remember("hunter4")
	a.Remember("abc")
	a.Remember("")
	got := a.Hide("sk-hunter1 Basic hunter2 hunter2 hunter3 hunter4 abc")
	if strings.Contains(got, "hunter") || !strings.HasSuffix(got, " abc") {
		t.Errorf("shows %q", got)
	}
}

func TestTheBeginningOfASecretIsHiddenWhereATextWasCut(t *testing.T) {
	a := open(t, access.Config{APIKey: "sk-hunter1-tail"})
	for text, want := range map[string]string{
		"the key sk-hunter1-tai… is wrong": "the key [redacted]… is wrong", "sk-hu…sk-hunter1…": "[redacted]…[redacted]…", "ends in sk-hunter1": "ends in [redacted]",
		"sk-…": "sk-…", "sk-hunt is no end": "sk-hunt is no end", "sk-hunter1-tail…": "[redacted]…", "…": "…", "": "",
	} {
		if got := a.Hide(text); got != want {
			t.Errorf("%q shows %q, want %q", text, got, want)
		}
	}
}

func TestASecretIsHiddenInTheSourceOfJSON(t *testing.T) {
	a := open(t, access.Config{APIKey: `sk/hunter2/0123"456`})
	for _, text := range []string{`sk/hunter2/0123"456`, `sk/hunter2/0123\"456`, `sk\/hunter2\/0123\"456`} {
		if got := a.Hide("key " + text + "."); got != "key [redacted]." {
			t.Errorf("%s is shown as %s", text, got)
		}
	}
}

func TestAnErrorKeepsAllButItsSecrets(t *testing.T) {
	a := open(t, access.Config{APIKey: "hunter2"})
	err := core.Errorf(core.ErrorUnavailable, "key hunter2").WithHint("not hunter2").After(time.Second).About(core.SubjectLimit)
	got := a.Redacted(fmt.Errorf("asking: %w", err))
	if strings.Contains(got.Error()+core.HintOf(got), "hunter2") || !strings.HasPrefix(got.Error(), "asking: key ") {
		t.Errorf("shows %v, hint %s", got, core.HintOf(got))
	}
	if core.KindOf(got) != core.ErrorUnavailable || core.RetryAfterOf(got) != time.Second || core.SubjectOf(got) != core.SubjectLimit {
		t.Errorf("became %#v", got)
	}
	lost := core.Errorf(core.ErrorUnavailable, "hunter2 lost").About(core.SubjectAnswer)
	if got := core.SubjectOf(a.Redacted(lost)); got != core.SubjectAnswer {
		t.Errorf("speaks of %s", got)
	}
	clean := core.Errorf(core.ErrorInput, "nothing here")
	if !errors.Is(a.Redacted(clean), clean) || a.Redacted(nil) != nil {
		t.Error("an error without secrets was replaced")
	}
}

func TestWhatTheModelSaidIsLeftUnchanged(t *testing.T) {
	a := open(t, access.Config{APIKey: "hunter2"})
	r := core.Reply{Message: core.UserText("hunter2"), Detail: "hunter2", Warnings: []string{"hunter2"}}
	a.HideIn(&r)
	if r.Message.Text() != "hunter2" || strings.Contains(r.Detail+r.Warnings[0], "hunter2") {
		t.Errorf("got %+v", r)
	}
}

func TestTheKeyIsHiddenHoweverManyTokensCameAfterIt(t *testing.T) {
	a := open(t, access.Config{APIKey: "sk-the-key"})
	for i := range 1000 {
		a.Remember(fmt.Sprintf("token-%04d", i))
	}
	if got := a.Hide("sk-the-key token-0999"); strings.Contains(got, "key") || strings.Contains(got, "0999") {
		t.Errorf("shows %q", got)
	}
	if got := a.Hide("token-0000"); got != "token-0000" {
		t.Errorf("all tokens are kept: %q", got)
	}
}
