package egress

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// taken is a response whose connection is taken over.
type taken struct {
	http.ResponseWriter
	client net.Conn
	// buffered is what the client has sent already.
	buffered *bufio.ReadWriter
}

func (t taken) Hijack() (net.Conn, *bufio.ReadWriter, error) { return t.client, t.buffered, nil }

// answered is a client that is told that the connection stands.
type answered struct {
	net.Conn
	write func(p []byte) (int, error)
}

func (a answered) Write(p []byte) (int, error) { return a.write(p) }

func TestWhatAPluginSendsWithItsRequestCountsOnceTheHostHasIt(t *testing.T) {
	const early = "sent along with the request"
	for name, test := range map[string]struct {
		// client is what happens when the plugin is told that the connection stands.
		client func(host *net.TCPConn) error
		// host is what the host gets, sent what is recorded of it.
		host string
		sent int64
	}{
		"both are there":           {func(*net.TCPConn) error { return nil }, early, int64(len(early))},
		"the plugin has gone away": {func(*net.TCPConn) error { return io.ErrClosedPipe }, "", 0},
		"the host has hung up": {func(host *net.TCPConn) error {
			return errors.Join(host.SetLinger(0), host.Close())
		}, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			host, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer host.Close()
			ours, plugins := net.Pipe()
			if err := plugins.Close(); err != nil { // it sends nothing more
				t.Fatal(err)
			}
			got := make(chan string, 1)
			client := answered{ours, func(p []byte) (int, error) {
				remote, err := host.Accept()
				if err != nil {
					return 0, err
				}
				err = test.client(remote.(*net.TCPConn))
				go func() {
					data, _ := io.ReadAll(remote) // fails where the host has hung up
					_ = remote.Close()
					got <- string(data)
				}()
				return len(p), err
			}}
			buffered := bufio.NewReader(strings.NewReader(early))
			if _, err := buffered.Peek(1); err != nil {
				t.Fatal(err)
			}
			var records []Connection
			p := New(Options{Record: func(c Connection) { records = append(records, c) }})
			c := Connection{Plugin: "acme", Address: host.Addr().String()}
			w := taken{httptest.NewRecorder(), client, bufio.NewReadWriter(buffered, nil)}
			p.tunnel(w, httptest.NewRequestWithContext(t.Context(), http.MethodConnect, "//"+c.Address, nil), c, destination{host: "127.0.0.1", local: true})
			if got := <-got; got != test.host {
				t.Errorf("the host got %q, want %q", got, test.host)
			}
			if len(records) != 2 || !records[1].Allowed || records[1].Ended.IsZero() || records[1].Sent != test.sent {
				t.Errorf("recorded %+v, want a connection that was made and has ended, with %d bytes sent", records, test.sent)
			}
		})
	}
}
