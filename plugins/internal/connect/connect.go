// Package connect opens TCP connections through an HTTP proxy, with the method
// CONNECT. A plugin reaches the host's egress proxy that way, and the egress
// proxy the proxy that the host itself has to use.
package connect

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// maxRefusal is how much of the body of a refusal is read, in bytes.
const maxRefusal = 4 << 10

// Refused is the answer of a proxy that refuses to connect.
type Refused struct {
	// Status is the HTTP status code.
	Status int
	// Text is the body of the answer, or the text of its status.
	Text string
}

// Error returns the text.
func (r *Refused) Error() string { return r.Text }

// Dialer opens connections, as [net.Dialer.DialContext] does.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// Through returns a dialer whose connections go through an HTTP or HTTPS proxy,
// which dial reaches. The credentials in the proxy's URL are sent to it. The
// error is [*Refused] where the proxy refuses to connect.
func Through(proxy *url.URL, dial Dialer) Dialer {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port := scope.HostOf(proxy)
		conn, err := dial(ctx, network, net.JoinHostPort(host, port))
		if err != nil {
			return nil, fmt.Errorf("connecting to the proxy %s: %w", proxy.Host, err)
		}
		if strings.EqualFold(proxy.Scheme, "https") {
			conn = tls.Client(conn, &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12})
		}
		through, err := ask(ctx, conn, proxy, address)
		if err != nil {
			_ = conn.Close()
			return nil, err
		}
		return through, nil
	}
}

// ask sends CONNECT, within the context's time.
func ask(ctx context.Context, conn net.Conn, proxy *url.URL, address string) (net.Conn, error) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	through, err := exchange(conn, proxy, address)
	if !stop() {
		return nil, fmt.Errorf("asking the proxy %s for %s: %w", proxy.Host, address, context.Cause(ctx))
	}
	return through, err
}

func exchange(conn net.Conn, proxy *url.URL, address string) (net.Conn, error) {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if user := proxy.User; user != nil {
		password, _ := user.Password()
		credentials := base64.StdEncoding.EncodeToString([]byte(user.Username() + ":" + password))
		request.Header.Set("Proxy-Authorization", "Basic "+credentials)
	}
	if err := request.Write(conn); err != nil {
		return nil, fmt.Errorf("asking the proxy %s for %s: %w", proxy.Host, address, err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, request) //nolint:bodyclose // the body of a 200 is the connection; that of a refusal is closed
	if err != nil {
		return nil, fmt.Errorf("the answer of the proxy %s for %s: %w", proxy.Host, address, err)
	}
	if response.StatusCode/100 != 2 {
		return nil, refused(response)
	}
	if reader.Buffered() == 0 {
		return conn, nil
	}
	return &early{Conn: conn, reader: reader}, nil // the other side has sent data already
}

func refused(response *http.Response) *Refused {
	defer func() { _ = response.Body.Close() }()
	body, _ := io.ReadAll(io.LimitReader(response.Body, maxRefusal)) // a read error shortens the text
	text := strings.TrimSpace(strings.ToValidUTF8(string(body), "\uFFFD"))
	if text == "" {
		text = "the proxy answers " + response.Status
	}
	return &Refused{Status: response.StatusCode, Text: text}
}

// early is a connection of which some data were read already.
type early struct {
	net.Conn
	reader *bufio.Reader
}

// Read returns the data that came with the proxy's answer, and then the rest.
func (c *early) Read(p []byte) (int, error) { return c.reader.Read(p) }

// CloseWrite closes the sending side, if the connection supports that.
func (c *early) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
