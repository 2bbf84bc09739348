package realtime_test

import (
	"context"
	"net"
	"net/http"
	"testing"

	"google.golang.org/grpc/test/bufconn"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// address is where a service is reached: over the network, or with dial, in
// memory. A test in virtual time (testing/synctest) needs the latter, because
// time does not pass there while somebody waits for the network.
type address struct {
	url  string
	dial func(context.Context) (net.Conn, error) // nil for the network
}

// inMemory serves connections in memory until the test ends.
func inMemory(t *testing.T, handler http.Handler) address {
	t.Helper()
	listener := bufconn.Listen(1 << 20) // bytes that are on their way, as in a network
	web := &http.Server{Handler: handler}
	served := make(chan struct{})
	go func() {
		_ = web.Serve(listener)
		close(served)
	}()
	t.Cleanup(func() {
		_ = web.Close()
		<-served
	})
	return address{url: "ws://127.0.0.1/v1", dial: listener.DialContext}
}

// serveInMemory is serve for tests in virtual time.
func serveInMemory(t *testing.T, agent realtimetest.Agent, faults ...string) *practice {
	t.Helper()
	p := newPractice(t, agent, faults)
	p.address = inMemory(t, p.Server)
	t.Cleanup(func() { p.close(t) })
	return p
}

// scriptedInMemory is scripted for tests in virtual time.
func scriptedInMemory(t *testing.T, script func(s *service)) address {
	t.Helper()
	return inMemory(t, serviceOf(t, script))
}

// open opens the target on the service.
func (a address) open(t testing.TB, config settings) core.Target {
	t.Helper()
	target := openTarget(t, config)
	if a.dial != nil {
		realtime.DialBy(target, a.dial)
	}
	return target
}
