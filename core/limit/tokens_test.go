package limit_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestTokensAreHeldToTheirLimitWhateverWasExpectedOfAReply(t *testing.T) {
	for name, used := range map[string]func(n int) int64{
		"every reply uses the same":    func(int) int64 { return 400 },
		"some use much more":           func(n int) int64 { return []int64{100, 100, 1000}[n%3] },
		"they use less and less":       func(n int) int64 { return 100 + int64(600*(150-n)/150) },
		"one uses a minute's at once":  func(n int) int64 { return []int64{6000, 360}[min(n, 1)] },
		"a service that does not tell": func(int) int64 { return 0 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, sum := 0, int64(0)
				a := newTarget(t, scope.Limits{Concurrency: 1, TokensPerMinute: 6000})
				a.answer = func() (core.Reply, error) {
					r := says("no")
					r.Usage = core.Usage{InputTokens: used(n) / 2, OutputTokens: used(n) - used(n)/2}
					sum += used(n)
					n++
					return r, nil
				}
				begun := time.Now()
				a.converseAll(t.Context(), 150, 1)
				took := time.Since(begun).Seconds()
				ideal := float64(sum) / 100
				t.Logf("%d tokens in %.1f s, ideally %.1f s", sum, took, ideal)
				// What may be spent at once, and the last reply, whose tokens
				// nobody waits for any more, come before the time.
				if took > ideal*1.05+5 || took < ideal*0.95-12 {
					t.Errorf("it took %.1f s, want about %.1f s", took, ideal)
				}
			})
		})
	}
}

// What a request that fails was expected to use is free for the next.
func TestTheTokensOfARequestThatFailsAreGivenBack(t *testing.T) {
	for name, kind := range map[string]core.ErrorKind{"refused": core.ErrorRateLimited, "lost": core.ErrorProtocol} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := false
				a := newTarget(t, scope.Limits{TokensPerMinute: 6000})
				a.answer = func() (core.Reply, error) {
					if fails {
						return core.Reply{}, core.Errorf(kind, "no")
					}
					return uses(600), nil
				}
				_, _ = a.send(t.Context(), false)
				fails = true
				for range 5 { // each is expected to use 600
					_, _ = a.send(t.Context(), false)
				}
				fails = false
				begun := time.Now()
				r, err := a.send(t.Context(), false)
				if waited := r.Sent.Sub(begun); err != nil || waited > 10*time.Second { // not after the 36 s that six times 600 take
					t.Errorf("the next was sent after %s, %v", waited, err)
				}
			})
		})
	}
}

// A message is expected to use what the latest ones did.
func TestWhatAMessageIsExpectedToUseFollowsTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newTarget(t, scope.Limits{Concurrency: 3, TokensPerMinute: 6000})
		used := int64(100)
		a.answer = func() (core.Reply, error) {
			time.Sleep(10 * time.Second)
			return uses(used), nil
		}
		for range 30 {
			_, _ = a.send(t.Context(), false)
			used = 300
		}
		time.Sleep(time.Minute) // until 600 are free
		begun, sent := time.Now(), make(chan time.Duration)
		for range 3 {
			go func() {
				r, _ := a.send(t.Context(), false)
				sent <- r.Sent.Sub(begun)
			}()
		}
		latest := time.Duration(0)
		for range 3 {
			latest = max(latest, <-sent)
		}
		if latest < 2900*time.Millisecond || latest > 3100*time.Millisecond {
			t.Errorf("the third message was sent after %s, want after three seconds: 300 tokens at 100 a second", latest)
		}
	})
}
