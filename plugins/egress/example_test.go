package egress_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

// A plugin reaches the hosts that the campaign names and no others. A refused
// connection is recorded with the reason.
func ExampleProxy() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	defer service.Close()
	proxy := egress.New(egress.Options{
		Upstream: func(*http.Request) (*url.URL, error) { return nil, nil },
		Record: func(c egress.Connection) {
			if !c.Allowed {
				fmt.Println(c.Plugin, c.Address, c.Reason)
			}
		},
	})
	defer func() { _ = proxy.Close() }()
	proxy.Allow([]string{"api.example"}, []string{strings.TrimPrefix(service.URL, "http://")})

	way, err := proxy.URL("acme")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := &http.Client{Transport: &http.Transport{Proxy: func(*http.Request) (*url.URL, error) { return way, nil }, DisableKeepAlives: true}}
	for _, address := range []string{service.URL, "http://metrics.example/"} {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		response, err := client.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(response.StatusCode)
		_ = response.Body.Close()
	}
	// Output:
	// 200
	// acme metrics.example:80 metrics.example:80 is not in scope.hosts
	// 403
}
