package egress_test

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

func TestAFloodOfRefusalsIsCountedAndDoesNotFillTheRecord(t *testing.T) {
	const flood = 3000
	recorded, counted := 0, 0
	total := regexp.MustCompile(`(\d+) more refusals are not recorded one by one`)
	p := egress.New(egress.Options{Record: func(c egress.Connection) { // one at a time, because they are asked for one by one
		if c.Address != "" {
			recorded++
		}
		if found := total.FindStringSubmatch(c.Reason); found != nil {
			n, _ := strconv.Atoi(found[1])
			counted += n
		}
	}, Upstream: direct})
	web := client(t, urlFor(t, p, "acme"))
	for range flood {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://evil.example/", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := web.Do(request)
		if err != nil || response.StatusCode != http.StatusForbidden {
			t.Fatalf("%v, %v; want 403", response, err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if recorded < 1000 || recorded > flood-100 || recorded+counted != flood {
		t.Errorf("of %d refusals %d are recorded and %d counted", flood, recorded, counted)
	}
}
