package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

// TestTheEgressIsTheOnlyWayOut runs programs that find the proxy by their
// environment, as plugins in other languages do.
func TestTheEgressIsTheOnlyWayOut(t *testing.T) {
	needs(t)
	y := newYard(t)
	serve := func(text string) *httptest.Server {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
		t.Cleanup(s.Close)
		return s
	}
	allowed, other := serve("hello"), serve("out of scope")
	proxy := egress.New(egress.Options{Upstream: func(*http.Request) (*url.URL, error) { return nil, nil }})
	defer proxy.Close()
	way, err := proxy.URL("acme")
	if err != nil {
		t.Fatal(err)
	}
	proxy.Allow(nil, []string{allowed.Listener.Addr().String()})
	port, err := strconv.ParseUint(way.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]string{
		"curl":   "#!/bin/sh\nexec curl -sS --max-time 10 \"$1\"\n",
		"python": "#!" + interpreter(t) + "\nimport sys, urllib.request, urllib.error\ntry: print(urllib.request.urlopen(sys.argv[1]).read().decode())\nexcept urllib.error.HTTPError as e: print(e.read().decode())\n",
	}
	if _, err := exec.LookPath("curl"); err != nil {
		delete(programs, "curl")
	}
	for name, text := range programs {
		program := script(t, text)
		visit := func(address string, env ...string) string {
			cmd := y.command(t, core.Permissions{Network: true, Programs: []string{"curl"}}, uint16(port), program, address)
			cmd.Env = append(cmd.Env, env...)
			out, _ := output(t, cmd)
			return strings.TrimSpace(out)
		}
		through := []string{"http_proxy=" + way.String(), "HTTPS_PROXY=" + way.String(), "NO_PROXY="}
		if got := visit(allowed.URL, through...); got != "hello" {
			t.Errorf("%s, in scope: %q", name, got)
		}
		if got := visit(other.URL, through...); !strings.Contains(got, "is not an address that the campaign names") {
			t.Errorf("%s, not in scope: %q", name, got)
		}
		if got := visit(allowed.URL); strings.Contains(got, "hello") {
			t.Errorf("%s, past the proxy: %q", name, got)
		}
		stranger := fmt.Sprintf("http_proxy=http://%s", way.Host)
		if got := visit(allowed.URL, stranger); !strings.Contains(got, "only the orchestrator's plugins") {
			t.Errorf("%s, without its credential: %q", name, got)
		}
	}
}
