package plugins

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

// usingEgress has this process use a proxy as a plugin does that the host has
// started, until the end of the test.
func usingEgress(t *testing.T) (*egress.Proxy, *http.Transport) {
	t.Helper()
	p := egress.New(egress.Options{Upstream: func(*http.Request) (*url.URL, error) { return nil, nil }})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	u, err := p.URL("acme")
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport)
	proxy, dial := transport.Proxy, transport.DialContext
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		transport.Proxy, transport.DialContext = proxy, dial
	})
	if err := useEgress(u.String()); err != nil {
		t.Fatal(err)
	}
	return p, transport
}

func TestEveryConnectionOfAPluginGoesThroughTheEgress(t *testing.T) {
	p, transport := usingEgress(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !websocket.IsWebSocketUpgrade(r) {
			_, _ = io.WriteString(w, "hello")
			return
		}
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err == nil {
			_ = conn.WriteMessage(websocket.TextMessage, []byte("hello"))
			_ = conn.Close()
		}
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	clone := transport.Clone()
	defer clone.CloseIdleConnections()
	ways := map[string]func() (string, error){
		"the default client": func() (string, error) { return fetch(http.DefaultClient, server.URL) },
		"a clone of it":      func() (string, error) { return fetch(&http.Client{Transport: clone}, server.URL) },
		"a WebSocket": func() (string, error) {
			conn, _, err := (&websocket.Dialer{NetDialContext: transport.DialContext, Proxy: transport.Proxy}).Dial("ws://"+address, nil)
			if err != nil {
				return "", err
			}
			defer conn.Close()
			_, message, err := conn.ReadMessage()
			return string(message), err
		},
		"a connection of its own": func() (string, error) {
			conn, err := transport.DialContext(t.Context(), "tcp", address)
			if err != nil {
				return "", err
			}
			defer conn.Close()
			return "hello", nil
		},
	}
	for name, connect := range ways {
		p.Allow(nil, nil)
		_, err := connect()
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), address+" is not an address that the campaign names") || !strings.Contains(core.HintOf(err), "configuration of a component") {
			t.Errorf("%s, not in scope: %q error %v, hint %q", name, core.KindOf(err), err, core.HintOf(err))
		}
		p.Allow(nil, []string{address})
		if got, err := connect(); err != nil || got != "hello" {
			t.Errorf("%s, in scope: %q, %v", name, got, err)
		}
	}
}

func fetch(client *http.Client, address string) (string, error) {
	response, err := client.Get(address)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return string(body), err
}

func TestAHostThatDoesNotAnswerIsUnavailableThroughTheEgressToo(t *testing.T) {
	p, _ := usingEgress(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p.Allow(nil, []string{l.Addr().String()})
	if _, err := fetch(http.DefaultClient, "http://"+l.Addr().String()); core.KindOf(err) != core.ErrorUnavailable || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("%q error %v", core.KindOf(err), err)
	}
}

func TestWithoutAnEgressConnectionsAreMadeAsUsual(t *testing.T) {
	if err := useEgress(""); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	defer server.Close()
	if got, err := fetch(http.DefaultClient, server.URL); got != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	if http.DefaultTransport.(*http.Transport).Proxy == nil {
		t.Error("the proxy of the environment is not used any more")
	}
}

func TestAnEgressThatIsNoURLIsSaidWithoutItsPassword(t *testing.T) {
	for _, bad := range []string{"http://user:secret@[::1", "secret"} {
		if err := useEgress(bad); core.KindOf(err) != core.ErrorProtocol || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q error %v", core.KindOf(err), err)
		}
	}
}
