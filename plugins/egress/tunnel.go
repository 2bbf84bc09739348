package egress

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
)

// tunnel connects a plugin with a host and copies in both directions until both are
// closed or the proxy is. There is no idle timeout.
func (p *Proxy) tunnel(w http.ResponseWriter, r *http.Request, c Connection, to destination) {
	remote, err := p.dial(r.Context(), to, c.Address)
	if err != nil {
		p.refuse(w, c, refusalFor(err))
		return
	}
	defer func() { _ = remote.Close() }()
	c.Allowed = true
	p.record(c)
	var sent, received int64
	defer func() { p.end(c, sent, received) }()

	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		c.Reason = "taking over the plugin's connection: " + err.Error()
		return
	}
	defer func() { _ = client.Close() }()
	stop := context.AfterFunc(r.Context(), func() {
		_ = client.Close()
		_ = remote.Close()
	})
	defer stop()
	if _, err := io.WriteString(client, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		return // the plugin has disconnected
	}
	early, _ := buffered.Peek(buffered.Reader.Buffered()) // bytes sent right after the request
	if _, err := remote.Write(early); err != nil {
		return
	}
	sent, received = pass(client, remote)
	sent += int64(len(early))
}

// pass copies both ways and returns the bytes that the client has sent and
// received. It copies between TCP connections directly, so that Linux can splice.
// The end of one direction is passed on as a half-close; an error closes both
// connections.
func pass(client, remote net.Conn) (sent, received int64) {
	var both sync.WaitGroup
	one := func(to, from net.Conn, count *int64) {
		var err error
		if *count, err = io.Copy(to, from); err != nil || !closeWrite(to) {
			_ = to.Close()
			_ = from.Close()
		}
	}
	both.Go(func() { one(remote, client, &sent) })
	both.Go(func() { one(client, remote, &received) })
	both.Wait()
	return sent, received
}

// closeWrite closes the write side of a connection, and reports whether it could.
func closeWrite(conn net.Conn) bool {
	half, ok := conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil
}
