package egress

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// refusalsPerSecond and refusalsAtOnce limit how many refused connections are
// recorded one by one, so that a plugin that retries in a loop does not fill the
// record.
const refusalsPerSecond, refusalsAtOnce = 20, 1000

// Connection is the record of a requested connection. A plain HTTP request counts
// as a connection.
type Connection struct {
	// Plugin is the name of the plugin, or "" without a valid credential.
	Plugin string
	// Address is HOST:PORT as requested, or "" if the request named none.
	Address string
	// Allowed is set if the scope allows the connection.
	Allowed bool
	// Reason says why the connection was refused or failed; "" otherwise.
	Reason string
	// Began and Ended are the times of the request and of the end. Ended is zero
	// while the connection is open.
	Began, Ended time.Time
	// Sent and Received count the bytes that the plugin has sent and received.
	// They are 0 while the connection is open.
	Sent, Received int64
}

// record calls [Options].Record.
func (p *Proxy) record(c Connection) {
	if p.options.Record != nil {
		p.options.Record(c)
	}
}

// end records the end of an allowed connection.
func (p *Proxy) end(c Connection, sent, received int64) {
	c.Ended, c.Sent, c.Received = time.Now(), sent, received
	p.record(c)
}

// refusals limits the refused connections that are recorded one by one.
type refusals struct {
	rate *rate.Limiter
	more *atomic.Int64 // those that were only counted
}

func newRefusals() refusals {
	return refusals{rate: rate.NewLimiter(refusalsPerSecond, refusalsAtOnce), more: &atomic.Int64{}}
}

// count counts a refusal. It reports whether this one is recorded, and how many
// were not since the last recorded one.
func (r refusals) count() (recorded bool, before int64) {
	if !r.rate.Allow() {
		r.more.Add(1)
		return false, 0
	}
	return true, r.counted()
}

// counted returns how many refusals were not recorded since its last call.
func (r refusals) counted() int64 { return r.more.Swap(0) }

func more(n int64) string {
	return fmt.Sprintf("%d more refusals are not recorded one by one", n)
}

// refusal is the response to a plugin whose connection is refused or failed.
type refusal struct {
	status     int
	text, hint string
}

// ProxyName is the name of the proxy in the header Proxy-Status of what it answers
// itself.
const ProxyName = "orchestrator-egress"

// reason returns the error type of RFC 9209 for the header Proxy-Status.
func (r refusal) reason() string {
	switch r.status {
	case http.StatusForbidden:
		return "http_request_denied"
	case http.StatusBadGateway:
		return "destination_unavailable"
	}
	return "http_request_error"
}

// refuse sends a refusal to the plugin, and records or counts it.
func (p *Proxy) refuse(w http.ResponseWriter, c Connection, why refusal) {
	c.Allowed = why.status == http.StatusBadGateway
	c.Reason, c.Ended = why.text, time.Now()
	if recorded, before := p.refused.count(); recorded {
		if before > 0 {
			c.Reason += "; " + more(before)
		}
		p.record(c)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Proxy-Status", ProxyName+"; error="+why.reason()) // RFC 9209: it is no answer of the host's
	w.WriteHeader(why.status)
	_, _ = io.WriteString(w, why.text+"\n"+why.hint+"\n") // fails only if the client has disconnected
}
