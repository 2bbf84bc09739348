package cli_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// greeted is a campaign against a web service and the practice target.
const greeted = `version: 1
name: greeted
targets:
  silent:
    use: http
    with: {url: "SILENT", memory: none, request: {body: {message: $(prompt)}}, reply: {jq: .reply}}
    limits: {timeout: TIMEOUT, retries: 4}
  agent: {use: realtime, with: {endpoint: "ENDPOINT", model: practice, output: text, api_key: "${PRACTICE_KEY}"}}
scorers: {leaked: {use: match/substring, with: {any: [blue]}}}
attacks:
  - {name: first, target: [silent, agent], objective: none, turns: [{user: hello}], scorers: [leaked]}
`

// silent is a service that never answers. It tells of each request.
func silent(t *testing.T) (url string, asked <-chan struct{}) {
	t.Helper()
	requests, over := make(chan struct{}, 100), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		requests <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}))
	t.Cleanup(func() {
		close(over)
		server.Close()
	})
	return server.URL, requests
}

// startGreeting starts doctor --send of a campaign whose target SILENT has a time limit.
func startGreeting(t *testing.T, url, timeout string) *program {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "campaign.yaml")
	writeFile(t, file, strings.NewReplacer("SILENT", url, "TIMEOUT", timeout, "ENDPOINT", newPractice(t, nil).endpoint()).Replace(greeted))
	return startProgram(t, dir, "doctor", "--send", file)
}

func TestATargetThatHangsIsAskedOnceUntilItsDeadline(t *testing.T) {
	t.Parallel()
	url, asked := silent(t)
	p := startGreeting(t, url, "1500ms")
	p.ends(3)
	if line := regexp.MustCompile(`(?m)^problem +target +silent \(http, http://127\.0\.0\.1:\d+\): sending: no answer within 1.5s: .*\n +→ limits.timeout of target "silent" is how long it may take$`); !line.MatchString(p.output.String()) {
		t.Errorf("no line of the deadline:\n%s", p.output)
	}
	if line := regexp.MustCompile(`(?m)^ok +target +agent \(`); !line.MatchString(p.output.String()) {
		t.Errorf("the other target was not asked:\n%s", p.output)
	}
	if n := len(asked); n != 1 {
		t.Errorf("it was asked %d times: a message that may have arrived is not sent again", n)
	}
	if _, err := os.Stat(p.store); !os.IsNotExist(err) {
		t.Errorf("a store was made: %v", err)
	}
}

func TestAnInterruptionEndsAGreetingAndItsPlugins(t *testing.T) {
	t.Parallel()
	url, asked := silent(t)
	p := startGreeting(t, url, "10m")
	<-asked
	p.signal(syscall.SIGINT)
	p.ends(130)
	if left := p.plugins(); len(left) > 0 {
		t.Errorf("plugins are left: %v", left)
	}
	if line := regexp.MustCompile(`(?m)^warning +target +silent \(http, .*\): interrupted before the reply came$`); !line.MatchString(p.output.String()) {
		t.Errorf("no line of the interruption:\n%s", p.output)
	}
}
