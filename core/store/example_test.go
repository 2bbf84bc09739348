package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// A run is in the store from its beginning. As long as a process carries it out, none
// can claim it to go on with it.
func ExampleStore() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "runs")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s, err := store.Open(ctx, dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	journal, err := s.CreateRun(ctx, store.Run{Campaign: "night", Trials: 2, Started: time.Now()})
	if err != nil {
		fmt.Println(err)
		return
	}
	run, err := s.Run(ctx, journal.Run())
	fmt.Println(run.Campaign, run.Status, run.Trials, err)
	_, err = s.Claim(ctx, run.ID)
	fmt.Println(errors.Is(err, store.ErrRunning))
	fmt.Println(s.Close())
	// Output:
	// night running 2 <nil>
	// true
	// <nil>
}
