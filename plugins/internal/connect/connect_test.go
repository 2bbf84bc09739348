package connect_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/connect"
)

// proxy answers the first request with a text, and returns its URL and what it
// was asked.
func proxy(t *testing.T, answer string) (*url.URL, <-chan *http.Request) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan *http.Request, 1)
	over := make(chan struct{})
	go func() {
		defer close(over)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		request, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		asked <- request
		_, _ = io.WriteString(conn, answer)
		_, _ = io.Copy(io.Discard, conn) // until the client has gone
	}()
	t.Cleanup(func() {
		l.Close()
		<-over
	})
	return &url.URL{Scheme: "http", User: url.UserPassword("acme", "s:e@cret"), Host: l.Addr().String()}, asked
}

func dial(t *testing.T, proxy *url.URL) (net.Conn, error) {
	t.Helper()
	return connect.Through(proxy, (&net.Dialer{}).DialContext)(t.Context(), "tcp", "api.example:443")
}

func TestTheProxyIsToldTheAddressAndTheCredential(t *testing.T) {
	u, asked := proxy(t, "HTTP/1.1 200 OK\r\n\r\n")
	conn, err := dial(t, u)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := <-asked
	request.Header.Set("Authorization", request.Header.Get("Proxy-Authorization"))
	name, secret, _ := request.BasicAuth()
	if request.Method != http.MethodConnect || request.Host != "api.example:443" || name != "acme" || secret != "s:e@cret" {
		t.Errorf("%s %s as %s, %s", request.Method, request.Host, name, secret)
	}
}

func TestWhatTheOtherSideSaysFirstIsNotLost(t *testing.T) {
	u, _ := proxy(t, "HTTP/1.1 200 OK\r\n\r\n220 mail.example")
	conn, err := dial(t, u)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	greeting := make([]byte, len("220 mail.example"))
	if _, err := io.ReadFull(conn, greeting); err != nil || string(greeting) != "220 mail.example" {
		t.Errorf("%q, %v", greeting, err)
	}
	if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		t.Error("what is sent cannot be ended by itself")
	}
}

func TestARefusalSaysWhatTheProxySays(t *testing.T) {
	for answer, want := range map[string]connect.Refused{
		"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\n\r\nbecause":        {Status: 403, Text: "because"},
		"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n":             {Status: 502, Text: "the proxy answers 502 Bad Gateway"},
		"HTTP/1.1 407 Who are you\r\nContent-Length: 4\r\n\r\n\xff\xfe\n\n": {Status: 407, Text: "\uFFFD"},
	} {
		u, _ := proxy(t, answer)
		_, err := dial(t, u)
		if refused, ok := errors.AsType[*connect.Refused](err); !ok || *refused != want {
			t.Errorf("%q: %v, want %+v", answer, err, want)
		}
	}
}

func TestAProxyThatDoesNotAnswerIsGivenUpWithTheContext(t *testing.T) {
	u, asked := proxy(t, "")
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	go func() {
		<-asked
		cancel(enough)
	}()
	if _, err := connect.Through(u, (&net.Dialer{}).DialContext)(ctx, "tcp", "api.example:443"); !errors.Is(err, enough) {
		t.Errorf("%v, want the context's cause", err)
	}
}

func TestAProxyThatIsNoneIsAnError(t *testing.T) {
	u, _ := proxy(t, "SSH-2.0-OpenSSH\r\n")
	if _, err := dial(t, u); err == nil {
		t.Error("connected")
	}
	gone := &url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if _, err := connect.Through(gone, (&net.Dialer{}).DialContext)(ctx, "tcp", "api.example:443"); err == nil {
		t.Error("connected to nothing")
	}
}
