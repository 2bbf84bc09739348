package egress

import (
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// refusalsPerSecond and refusalsAtOnce are how many connections that are not made
// are recorded one by one. A plugin that asks without end must not fill the
// record.
const refusalsPerSecond, refusalsAtOnce = 20, 1000

// Connection is what is recorded of a connection that was asked for. A
// request by plain HTTP counts as a connection.
type Connection struct {
	// ID tells the connections of a proxy apart.
	ID uint64
	// Plugin is who asked; "" for one without a credential.
	Plugin string
	// Address is the host, as it was named, and the port: HOST:PORT. It is ""
	// where the request named none.
	Address string
	// Allowed says that it was let through.
	Allowed bool
	// Reason says why it was refused, or why it failed.
	Reason string
	// Began and Ended are when; Ended is zero as long as it is open.
	Began, Ended time.Time
	// Sent and Received are the bytes that the plugin has sent and received,
	// at the end.
	Sent, Received int64
}

// record tells the host.
func (p *Proxy) record(c Connection) {
	if p.options.Record != nil {
		p.options.Record(c)
	}
}

// end records a connection that was let through, at its end.
func (p *Proxy) end(c Connection, sent, received int64) {
	c.Ended, c.Sent, c.Received = time.Now(), sent, received
	p.record(c)
}

// refusals are the connections that were not made.
type refusals struct {
	rate *rate.Limiter
	more *atomic.Int64 // those that are counted only
}

func newRefusals() refusals {
	return refusals{rate: rate.NewLimiter(refusalsPerSecond, refusalsAtOnce), more: &atomic.Int64{}}
}

// count reports whether another is recorded, and how many before it were not.
func (r refusals) count() (recorded bool, before int64) {
	if !r.rate.Allow() {
		r.more.Add(1)
		return false, 0
	}
	return true, r.counted()
}

// counted returns how many have not been recorded since it was last called.
func (r refusals) counted() int64 { return r.more.Swap(0) }

func more(n int64) string {
	return fmt.Sprintf("%d more refusals are not recorded one by one", n)
}

// refusal is an answer to a plugin: what is wrong, and what would be right.
type refusal struct {
	status     int
	text, hint string
}

// refuse answers that a connection is not made, and records it, unless there are
// too many.
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
	w.WriteHeader(why.status)
	_, _ = io.WriteString(w, why.text+"\n"+why.hint+"\n") // a client that is gone hears nothing
}
