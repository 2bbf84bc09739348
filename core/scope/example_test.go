package scope_test

import (
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// A host without a port allows every port. Names below a host are other hosts.
func ExampleAllows() {
	hosts := []string{"api.openai.com", "voice.bank.example:8443"}
	for _, try := range [][2]string{
		{"api.openai.com", "443"}, {"evil.api.openai.com", "443"}, {"voice.bank.example", "8443"}, {"voice.bank.example", "443"},
	} {
		fmt.Println(try[0], try[1], scope.Allows(hosts, try[0], try[1]))
	}
	// Output:
	// api.openai.com 443 true
	// evil.api.openai.com 443 false
	// voice.bank.example 8443 true
	// voice.bank.example 443 false
}

// A window of the night belongs to the day on which it begins.
func ExampleWindow_Closes() {
	w := &scope.Window{Days: []time.Weekday{time.Saturday}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: time.UTC}
	fmt.Println(w)
	for _, at := range []string{"2026-11-28T23:00:00Z", "2026-11-29T05:59:00Z", "2026-11-29T23:00:00Z"} {
		t, err := time.Parse(time.RFC3339, at)
		if err != nil {
			fmt.Println(err)
			return
		}
		if end, open := w.Closes(t); open {
			fmt.Println(at, "open until", end.Format("Mon 15:04"))
		} else {
			fmt.Println(at, "closed until", w.Opens(t).Format("Mon 02 Jan 15:04"))
		}
	}
	// Output:
	// sat 22:00-06:00 UTC
	// 2026-11-28T23:00:00Z open until Sun 06:00
	// 2026-11-29T05:59:00Z open until Sun 06:00
	// 2026-11-29T23:00:00Z closed until Sat 05 Dec 22:00
}
