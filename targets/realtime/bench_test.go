package realtime_test

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

// BenchmarkTurn is one turn, of which the reply has two seconds of audio, over
// real websockets to a server in a process of its own, so that only the
// client's work counts. The bare client makes the same of a reply with as little
// as it takes, and is what the target is held against; bare-confirmed makes one
// round trip more, as the target does, which asks for no reply before its message
// has been confirmed. Compare lines that were measured in one run. Where the
// machine has other work, µs-cpu/turn, the client's time on a processor, says
// more than turns/s.
//
// Each open conversation has a goroutine, and the turns go round all of them.
func BenchmarkTurn(b *testing.B) {
	url := startBenchServer(b)
	for _, c := range benchClients {
		for _, n := range []int{1, 64, 1000} {
			var talkers []talker // kept while the benchmark looks for its b.N
			b.Run(fmt.Sprintf("client=%s/conversations=%d", c.name, n), func(b *testing.B) {
				if talkers == nil {
					talkers = openTalkers(b, c, url, n)
				}
				b.ReportAllocs()
				busy := cpuTime(b)
				b.ResetTimer()
				takeTurns(b, talkers, b.N)
				b.StopTimer()
				busy = cpuTime(b) - busy
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "turns/s")
				b.ReportMetric(float64(busy.Microseconds())/float64(b.N), "µs-cpu/turn")
			})
			closeTalkers(b, talkers)
		}
	}
}

// BenchmarkIdleConversation is what a conversation holds in memory, heap and
// stacks, between its first turn and its second.
func BenchmarkIdleConversation(b *testing.B) {
	const conversations = 1000
	url := startBenchServer(b)
	for _, c := range benchClients {
		b.Run("client="+c.name, func(b *testing.B) {
			var sum float64
			for range b.N {
				before := inUse()
				talkers := openTalkers(b, c, url, conversations)
				sum += float64(inUse()) - float64(before)
				closeTalkers(b, talkers)
			}
			b.ReportMetric(sum/float64(b.N)/conversations, "B/conversation")
			b.ReportMetric(0, "ns/op") // says nothing here
		})
	}
}

// TestTheBenchmarksClientsDoTheSameWork holds the benchmark to its word.
func TestTheBenchmarksClientsDoTheSameWork(t *testing.T) {
	url := startBenchServer(t)
	wav, text := benchReply()
	frames := benchFrames()
	if n := 1 + bytes.Count(frames, []byte(`"event_id"`)); n != 81 || len(frames)/1000 != 147 {
		t.Errorf("a reply has %d frames in %d bytes, want 81 in 147 kB", n, len(frames))
	}
	for _, c := range benchClients {
		talkers := openTalkers(t, c, url, 2)
		for range 3 {
			for _, talker := range talkers {
				said, err := talker.turn(t.Context())
				if err != nil || string(said.wav) != string(wav) || said.text != text {
					t.Errorf("the %s client heard %d bytes and %q, error %v; want %d bytes and %q", c.name, len(said.wav), said.text, err, len(wav), text)
				}
			}
		}
		closeTalkers(t, talkers)
	}
}

// takeTurns takes n turns.
func takeTurns(b testing.TB, talkers []talker, n int) {
	var all sync.WaitGroup
	for i, talker := range talkers {
		all.Go(func() {
			for turn := i; turn < n; turn += len(talkers) {
				said, err := talker.turn(b.Context())
				if err != nil || len(said.wav) == 0 || said.text == "" {
					b.Errorf("conversation %d: %d bytes and %q, error %v", i, len(said.wav), said.text, err)
					return
				}
			}
		})
	}
	all.Wait()
}

// openTalkers opens conversations and takes a first turn in each, after which
// their buffers are as large as they get.
func openTalkers(tb testing.TB, c benchClient, url string, n int) []talker {
	tb.Helper()
	talkers := make([]talker, n)
	open := c.opener(tb, url)
	for i := range talkers {
		talker, err := open(tb.Context())
		if err != nil {
			tb.Fatalf("conversation %d: %v", i, err)
		}
		talkers[i] = talker
	}
	takeTurns(tb, talkers, n)
	return talkers
}

func closeTalkers(tb testing.TB, talkers []talker) {
	tb.Helper()
	var all sync.WaitGroup
	for _, talker := range talkers {
		all.Go(func() {
			if err := talker.close(); err != nil {
				tb.Errorf("closing: %v", err)
			}
		})
	}
	all.Wait()
}

// cpuTime returns how long this process has been on a processor.
func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// inUse returns the bytes of heap and stacks in use. Several collections empty
// the pools and let the stacks shrink.
func inUse() uint64 {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
