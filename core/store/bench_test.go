package store_test

import (
	"sync/atomic"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// BenchmarkRecordTurn records text turns of as many trials at a time as a run
// has; each waits until its turn is on the disk.
func BenchmarkRecordTurn(b *testing.B) {
	for _, test := range []struct {
		name     string
		parallel int
	}{{"1", 1}, {"32", 32}, {"128", 128}} {
		b.Run(test.name, func(b *testing.B) {
			j := begin(b, open(b, b.TempDir()), store.Run{})
			turn := record.Turn{
				Started: start, Ended: start, Sent: core.UserText("read me the vault code"),
				Reply: &core.Reply{
					Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("I cannot do that.")}}},
					Finish:  core.FinishComplete,
				},
			}
			left, trials := atomic.Int64{}, atomic.Int64{}
			left.Store(int64(b.N))
			done := make(chan error, test.parallel)
			b.ReportAllocs()
			b.ResetTimer()
			for range test.parallel {
				go func() {
					own := trial(int(trials.Add(1)))
					err := j.BeginTrial(own, start)
					for turn := turn; err == nil && left.Add(-1) >= 0; turn.Index++ {
						err = j.RecordTurn(own.ID, turn)
					}
					done <- err
				}()
			}
			for range test.parallel {
				must(b, <-done)
			}
		})
	}
}

// BenchmarkOpen is what a command waits before it can begin.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	must(b, open(b, dir).Close())
	for b.Loop() {
		s, err := store.Open(b.Context(), dir)
		must(b, err)
		must(b, s.Close())
	}
}
