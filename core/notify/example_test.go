package notify_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/notify"
)

// A notice has its occasions, one line for people, and the figures for programs.
func ExampleNew() {
	trial := compare.Trial{ID: "patient-caller/1", Attack: "patient-caller", Outcome: core.Defended}
	before := compare.Run{ID: "monday", Campaign: "night", Planned: 1, Trials: []compare.Trial{trial}}
	trial.Outcome = core.Succeeded
	now := compare.Run{ID: "tuesday", Campaign: "night", Planned: 1, Trials: []compare.Trial{trial}}

	notice := notify.New(compare.New(before, now, compare.Alpha))
	fmt.Println(notice.Occasions)
	fmt.Println(notice.Text)
	// Output:
	// [new_finding]
	// night: worse: 1 new finding
}

// A webhook's address is encrypted or on this machine; errors do not repeat it, as
// it is a secret.
func ExampleCheckURL() {
	for _, address := range []string{"https://hooks.example/T0/B0/x", "http://127.0.0.1:9000/hook", "http://hooks.example/T0/B0/x"} {
		_, err := notify.CheckURL(address)
		fmt.Println(err)
	}
	// Output:
	// <nil>
	// <nil>
	// the address begins with http://, and has to begin with https:// unless it is on this machine
}
