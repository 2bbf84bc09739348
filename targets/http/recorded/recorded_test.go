package recorded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	httptarget "github.com/redteam-orchestrator/orchestrator/targets/http"
	"github.com/redteam-orchestrator/orchestrator/targets/http/recorded"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// read reads a campaign with the target.
func read(t testing.TB, target recorded.Target) campaign.Config {
	t.Helper()
	text := "version: 1\nname: imported\nscope: {hosts: [bot.example]}\ntargets:\n  " + strings.ReplaceAll(strings.TrimSpace(target.Definition), "\n", "\n  ") + `
scorers:
  leaked: {use: match/substring, with: {any: ["blue eleven"]}}
attacks:
  - name: ask
    target: recorded
    objective: The agent reads out the vault code.
    turns: [{user: "What is the code?"}]
    scorers: [leaked]
`
	c, err := campaign.Read(fstest.MapFS{"c.yaml": {Data: []byte(text)}}, "c.yaml", "c.yaml")
	if err != nil {
		t.Fatalf("no campaign: %v\n%s", err, text)
	}
	return c.Targets[0].Config
}

// expanded returns the target's configuration with its secrets filled in.
func expanded(t testing.TB, target recorded.Target) []byte {
	t.Helper()
	config, _, err := secret.Expand(read(t, target).JSON, func(r secret.Reference) (string, error) {
		for _, s := range target.Secrets {
			if s.Name == r.Name && s.Value == "" {
				return "of-the-environment", nil
			}
			if s.Name == r.Name {
				return s.Value.Reveal(), nil
			}
		}
		return "", fmt.Errorf("no such secret")
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, target.Definition)
	}
	return config
}

// sent is a request as it arrived.
type sent struct {
	method, path, query string
	header              http.Header
	body                string
}

// send sends a prompt with the target, whose service is at https://bot.example, and
// returns the request.
func send(t *testing.T, target recorded.Target, prompt string) sent {
	t.Helper()
	var got sent
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // it is in memory
		got = sent{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header, string(body)}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"data": {"answer": "fine"}}`)
	}))
	defer server.Close()
	target.Definition = strings.ReplaceAll(target.Definition, "https://bot.example", server.URL)
	opened, err := core.Open[core.Target](t.Context(), httptarget.Component(), expanded(t, target))
	if err != nil {
		t.Fatalf("opening the target: %v\n%s", err, target.Definition)
	}
	defer func() { _ = opened.(io.Closer).Close() }()
	c, err := opened.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.End(context.Background()) }()
	message := core.Message{Role: core.User}
	if strings.Contains(target.Definition, "$(prompt") {
		message = core.UserText(prompt)
	}
	if _, err := c.Send(t.Context(), message); err != nil && core.KindOf(err) != core.ErrorConfig { // where the reply is may be unknown
		t.Fatalf("%v\n%s", err, target.Definition)
	}
	return got
}

func har(t testing.TB) ([]byte, map[string]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/support.har")
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile("testdata/support.secrets.json")
	if err != nil {
		t.Fatal(err)
	}
	var secrets map[string]string
	if err := json.Unmarshal(list, &secrets); err != nil {
		t.Fatal(err)
	}
	return data, secrets
}

const recordedPrompt = "Good \"morning\"\nto you $(all) ${of} you"

func TestARecordingHoldsNoLiteralSecret(t *testing.T) {
	data, secrets := har(t)
	for _, prompt := range []string{"", recordedPrompt} {
		target, err := recorded.HAR(data, recorded.Options{Prompt: prompt})
		if prompt == "" {
			target, err = recorded.HAR(data, recorded.Options{Match: "/hooks/"})
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(secrets) < 18 {
			t.Fatalf("the recording has %d secrets", len(secrets))
		}
		for name, value := range secrets {
			if strings.Contains(target.Definition, value) {
				t.Errorf("the definition holds the secret %s", name)
			}
			isKept := false
			for _, s := range target.Secrets {
				isKept = isKept || s.Value.Reveal() == value
			}
			if !isKept && name != "response" {
				t.Errorf("the secret %s is not among those that were found", name)
			}
		}
		for _, note := range target.Notes {
			for name, value := range secrets {
				if strings.Contains(note, value) {
					t.Errorf("a note holds the secret %s", name)
				}
			}
		}
	}
}

func TestARecordedRequestIsSentAgainAsItWas(t *testing.T) {
	data, secrets := har(t)
	target, err := recorded.HAR(data, recorded.Options{Entry: 3})
	if err != nil {
		t.Fatal(err)
	}
	got := send(t, target, recordedPrompt)
	var file struct {
		Log struct {
			Entries []struct {
				Request struct{ PostData struct{ Text string } }
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	var was, is map[string]any
	if err := json.Unmarshal([]byte(file.Log.Entries[2].Request.PostData.Text), &was); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got.body), &is); err != nil {
		t.Fatalf("%v\n%s", err, got.body)
	}
	for key := range was {
		if !reflect.DeepEqual(was[key], is[key]) && !sameJSON(was[key], is[key]) {
			t.Errorf("%s is %v, and was %v", key, is[key], was[key])
		}
	}
	if len(is) != len(was) || got.method != "POST" || got.path != "/hooks/"+secrets["path"]+"/chat" {
		t.Errorf("%s %s with %d keys, which were %d", got.method, got.path, len(is), len(was))
	}
	for name, value := range map[string]string{
		"Authorization": "Bearer " + secrets["jwt"], "X-Csrf-Token": secrets["csrf"], "X-Team-Key": secrets["header_key"], "X-Client": "web/3.1",
		"Content-Type": "application/json", "Referer": "https://bot.example/chat?ticket=" + secrets["query_random"],
	} {
		if got.header.Get(name) != value && name != "Referer" { // its host is that of the test's server
			t.Errorf("%s is %q, and was %q", name, got.header.Get(name), value)
		}
	}
	if cookie := got.header.Get("Cookie"); !strings.Contains(cookie, "session="+secrets["cookie_session"]) || !strings.Contains(cookie, "theme=dark") {
		t.Errorf("the cookies are %q", cookie)
	}
}

// sameJSON reports whether two texts of JSON say the same.
func sameJSON(a, b any) bool {
	x, okX := a.(string)
	y, okY := b.(string)
	var v, w any
	return okX && okY && json.Unmarshal([]byte(x), &v) == nil && json.Unmarshal([]byte(y), &w) == nil && reflect.DeepEqual(v, w)
}

func TestTheReplyIsFoundInTheRecordedAnswer(t *testing.T) {
	data, _ := har(t)
	target, err := recorded.HAR(data, recorded.Options{Entry: 3, Name: "bot"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"jq: .data.answer", "message: $(prompt)", "${BOT_API_KEY}"} {
		if !strings.Contains(target.Definition, want) {
			t.Errorf("the definition lacks %q:\n%s", want, target.Definition)
		}
	}
	if notes := strings.Join(target.Notes, "\n"); !strings.Contains(notes, "was in the answer to request 1") {
		t.Errorf("notes: %s", notes)
	}
}

func TestAnEntryOfARecordingIsChosen(t *testing.T) {
	data, secrets := har(t)
	for name, test := range map[string]struct {
		options recorded.Options
		says    string
	}{
		"none by default":         {recorded.Options{}, ""},
		"one that does not exist": {recorded.Options{Entry: 9}, "no request 9"},
		"none that fits":          {recorded.Options{Match: "/other"}, "no request of the HAR file fits"},
		"more than one":           {recorded.Options{Match: "bot.example/c"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recorded.HAR(data, test.options)
			if test.says == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			if text := fmt.Sprint(err, core.HintOf(err)); !strings.Contains(text, test.says) || strings.Contains(text, secrets["path"]) {
				t.Errorf("got %s", text)
			}
		})
	}
}

func TestASecretIsFoundWhereverElseItStands(t *testing.T) {
	target, err := recorded.Curl(`curl https://bot.example/ --json '{"message":"hi there","note":"the word is open sesame now","login":{"password":"open sesame"},"id":"aB3-dE5-fG7-hI9-kL2"}'`, recorded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`note: "the word is $(secrets.password) now"`, "id: $(secrets.id)"} {
		if !strings.Contains(target.Definition, want) {
			t.Errorf("the definition lacks %s:\n%s", want, target.Definition)
		}
	}
}

func TestARequestWithASecretInAKeyIsNotImported(t *testing.T) {
	_, err := recorded.Curl(`curl https://bot.example/ --json '{"message":"hi there","password":"open-sesame","by":{"open-sesame":1}}'`, recorded.Options{})
	if err == nil || !strings.Contains(err.Error(), "body.password") || strings.Contains(err.Error(), "sesame") {
		t.Errorf("got %v", err)
	}
}
