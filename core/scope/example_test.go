package scope_test

import (
	"fmt"
	"net/url"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func ExampleAllows() {
	hosts := []string{"api.example.com", "voice.example.com:8443"}
	for _, address := range []string{
		"https://API.example.com./v1", "wss://voice.example.com:8443", "wss://voice.example.com", "https://api.example.com.evil.test",
	} {
		u, err := url.Parse(address)
		if err != nil {
			fmt.Println(err)
			return
		}
		host, port := scope.HostOf(u)
		fmt.Println(host, port, scope.Allows(hosts, host, port))
	}
	// Output:
	// api.example.com 443 true
	// voice.example.com 8443 true
	// voice.example.com 443 false
	// api.example.com.evil.test 443 false
}

func ExampleWindow_Closes() {
	nights := &scope.Window{
		Days: []time.Weekday{time.Saturday, time.Sunday}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: time.UTC,
	}
	now := time.Date(2026, time.November, 29, 3, 0, 0, 0, time.UTC) // in the night after Saturday
	end, open := nights.Closes(now)
	fmt.Println(nights)
	fmt.Println(open, end.Format(time.DateTime))
	// Output:
	// sat, sun 22:00-06:00 UTC
	// true 2026-11-29 06:00:00
}
