package core_test

import (
	"context"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// What an error speaks of follows from its kind, unless it says otherwise.
func ExampleSubjectOf() {
	refused := core.Errorf(core.ErrorUnavailable, "connection refused")
	lost := core.Errorf(core.ErrorUnavailable, "connection lost in the middle of a reply").About(core.SubjectAnswer)
	busy := core.Errorf(core.ErrorUnavailable, "503").After(20 * time.Second)
	for _, err := range []error{refused, fmt.Errorf("turn 3: %w", lost), busy, context.DeadlineExceeded} {
		fmt.Printf("%s: %v\n", core.SubjectOf(err), err)
	}
	// Output:
	// reachability: connection refused
	// answer: turn 3: connection lost in the middle of a reply
	// limit: 503
	// answer: context deadline exceeded
}

// An error has a kind, says which key is at fault and what would be right.
func ExampleErrorf() {
	err := core.Errorf(core.ErrorConfig, "there is no voice %q", "aloy").At("audio.voice").WithHint("did you mean %q?", "alloy")
	fmt.Println(err)
	fmt.Println(core.KindOf(err), "-", core.HintOf(err))
	// Output:
	// audio.voice: there is no voice "aloy"
	// config - did you mean "alloy"?
}

// dying is a conversation whose connection breaks in the middle of a reply.
type dying struct{}

func (dying) Send(context.Context, core.Message) (core.Reply, error) {
	said := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("The code is blue")}}}
	return core.Reply{Message: said, Finish: core.FinishBroken}, core.Errorf(core.ErrorUnavailable, "connection lost").About(core.SubjectAnswer)
}

func (dying) End(context.Context) error { return nil }

// A reply that broke off is returned with the error that says why.
func ExampleDeliver() {
	replies, err := core.Deliver(context.Background(), dying{}, []core.Message{core.UserText("What is the code?")})
	for _, r := range replies {
		fmt.Printf("%s: %s (conclusive: %v)\n", r.Finish, r.Message.Text(), r.Finish.Conclusive())
	}
	fmt.Println(err)
	// Output:
	// broken: The code is blue (conclusive: false)
	// connection lost
}
