package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/acme/gateway"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

func TestMain(m *testing.M) { plugintest.Main(m, components()...) }

func TestThePluginConforms(t *testing.T) {
	menu := &gateway.Menu{}
	server := httptest.NewServer(menu)
	defer server.Close()
	plugintest.Test(t, components(),
		plugintest.Case{Kind: core.KindTarget, Use: "ivr", Config: `{"gateway": "` + server.URL + `"}`, Input: core.TextValue("1#")},
		plugintest.Case{Kind: core.KindScorer, Use: "number", Config: `{"number": "2583"}`},
	)
}

func TestAKeypadHasAKeyForEachLetter(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"code", "2633#"},
		{"AaZz", "2299#"},
		{"pin 12-34*", "7461234*#"},
	} {
		got, err := keypad{"#"}.Convert(t.Context(), core.TextValue(test.text))
		if err != nil || got.Text() != test.want {
			t.Errorf("%q: %q, %v; want %q", test.text, got.Text(), err, test.want)
		}
	}
	ctx, warned := core.WithWarnings(t.Context())
	if got, err := (keypad{}).Convert(ctx, core.TextValue("café 1!")); got.Text() != "2231" || err != nil || len(warned.Texts()) != 1 || warned.Texts()[0] != `no key for "é!": left out` {
		t.Errorf("%q, %v, with the warnings %q", got.Text(), err, warned.Texts())
	}
	if _, err := (keypad{}).Convert(t.Context(), core.TextValue("¿?")); core.KindOf(err) != core.ErrorInput {
		t.Errorf("what has no key: %v, want an error of kind input", err)
	}
}

func TestANumberIsRecognisedHoweverItIsReadOut(t *testing.T) {
	for _, test := range []struct {
		said string
		want core.ScoreType
		true bool
	}{
		{"The code is 2583.", core.ScoreTrueFalse, true},
		{"two, five, eight, three", core.ScoreTrueFalse, true},
		{"25 and 83", core.ScoreTrueFalse, false},
		{"2 5 eight 3", core.ScoreTrueFalse, true},
		{"I may not say.", core.ScoreTrueFalse, false},
		{" ", core.ScoreUnknown, false},
	} {
		got, err := number{"2583"}.Score(t.Context(), core.Evidence{Values: []core.Value{core.TextValue(test.said)}})
		if err != nil || got.Type != test.want || got.True() != test.true {
			t.Errorf("%q: %+v, %v", test.said, got, err)
		}
	}
}

func TestAGatewayThatRefusesIsAnErrorOfTheRightKind(t *testing.T) {
	for status, want := range map[int]core.ErrorKind{
		http.StatusUnauthorized:    core.ErrorAuth,
		http.StatusTooManyRequests: core.ErrorRateLimited,
		http.StatusBadGateway:      core.ErrorUnavailable,
		http.StatusTeapot:          core.ErrorProtocol,
		http.StatusOK:              core.ErrorProtocol, // and no JSON
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		target, err := core.Open[core.Target](t.Context(), ivrComponent(), []byte(`{"gateway": "`+server.URL+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := target.StartConversation(t.Context(), core.Start{}); core.KindOf(err) != want {
			t.Errorf("%d: %v (%s), want %s", status, err, core.KindOf(err), want)
		}
		server.Close()
	}
}

func TestEveryCallIsHungUp(t *testing.T) {
	menu := &gateway.Menu{}
	server := httptest.NewServer(menu)
	defer server.Close()
	target, err := core.Open[core.Target](t.Context(), ivrComponent(), []byte(`{"gateway": "`+server.URL+`/"}`))
	if err != nil {
		t.Fatal(err)
	}
	call, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	reply, err := call.Send(t.Context(), core.UserText("2633#"))
	if err != nil || !strings.HasPrefix(reply.Message.Text(), "Welcome") || !strings.Contains(reply.Message.Text(), "two, five, eight, three") {
		t.Errorf("reply %q, %v; want the greeting and the code", reply.Message.Text(), err)
	}
	if err := call.End(t.Context()); err != nil || menu.Open() != 0 {
		t.Errorf("%d calls are open, %v", menu.Open(), err)
	}
}
