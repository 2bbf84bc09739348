package wstarget_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAConnectionThatIsRefused(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		kind   core.ErrorKind
	}{"no key": {401, core.ErrorAuth}, "a limit": {429, core.ErrorRateLimited}, "down": {503, core.ErrorUnavailable}, "no socket": {200, core.ErrorProtocol}} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }))
			defer server.Close()
			_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(server.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != test.kind || !strings.Contains(fmt.Sprint(err), fmt.Sprint(test.status)) {
				t.Errorf("error %v (%s), want %s", err, core.KindOf(err), test.kind)
			}
		})
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	_, err := opened(t, inProcess{}, config("ws"+strings.TrimPrefix(closed.URL, "http"), nil)).StartConversation(t.Context(), core.Start{})
	if core.SubjectOf(err) != core.SubjectReachability {
		t.Errorf("nobody listens: %v (%s)", err, core.SubjectOf(err))
	}
}

func TestTheHandshakeCarriesHeadersKeyAndSubprotocols(t *testing.T) {
	url := serve(t, func(c talk) {
		c.read()
		c.say(c.request.Header.Get("Authorization") + "|" + c.request.Header.Get("X-Bot") + "|" + c.Subprotocol())
		c.read()
	})
	c := begin(t, opened(t, inProcess{}, config(url, keys{"api_key": "k3y-secret", "headers": keys{"X-Bot": "7"}, "subprotocols": []string{"chat.v1", "chat.v2"}})), core.Start{})
	if reply, err := c.Send(t.Context(), core.UserText("x")); err != nil || reply.Message.Text() != "Bearer k3y-secret|7|chat.v2" {
		t.Errorf("%q, %v", reply.Message.Text(), err)
	}
}

func TestAServiceThatIsNotReadyInTime(t *testing.T) {
	for name, more := range map[string]keys{"no ready": {"ready": ".ok"}, "no greeting": {"greeting": true}} {
		more["timeouts"] = keys{"connect": "300ms"}
		_, err := opened(t, inProcess{}, config(serve(t, answering()), more)).StartConversation(t.Context(), core.Start{})
		if core.KindOf(err) != core.ErrorTimeout || !strings.Contains(err.Error(), "not ready within 300ms") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
