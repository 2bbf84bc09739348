package realtime_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// talkative gives a long answer first, and then says what it remembers.
func talkative() realtimetest.Agent {
	return realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		if len(items) == 1 {
			return "this answer goes on and on for three seconds", nil // 44 characters, 4.4 s
		}
		return "you said " + items[len(items)-1].Text, nil
	}}
}

func exchange(t testing.TB, c core.Conversation, messages ...core.Message) []core.Reply {
	t.Helper()
	replies, err := c.(core.Interruptible).Exchange(t.Context(), messages)
	if err != nil {
		t.Fatalf("Exchange: %v (after %d replies)", err, len(replies))
	}
	if len(replies) != len(messages) {
		t.Fatalf("%d replies to %d messages", len(replies), len(messages))
	}
	return replies
}

// after makes a message one that is said over the reply before it.
func after(d time.Duration, m core.Message) core.Message {
	m.Delivery.InterruptAfter = d
	return m
}

func TestAReplyIsSpokenOverAndTheServiceToldHowMuchWasHeard(t *testing.T) {
	const heard = 300 * time.Millisecond
	for name, test := range map[string]struct {
		config settings
		faults []string
		over   core.Message
		cancel bool // we tell the service to stop
	}{
		"written, after a reply that has come whole":         {nil, nil, core.UserText("stop"), false},
		"written, while the reply is still being made":       {nil, []string{"slow-reply@1"}, core.UserText("stop"), true},
		"spoken to a service that notices it by itself":      {detects("server_vad"), []string{"slow-reply@1"}, streamed(t, 500*time.Millisecond), false},
		"spoken, after a reply that has come whole":          {detects("server_vad"), nil, streamed(t, 500*time.Millisecond), false},
		"spoken to a service that leaves turns to its users": {detects("off"), []string{"slow-reply@1"}, streamed(t, 500*time.Millisecond), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := serveInMemory(t, talkative(), test.faults...)
				c := p.talk(t, test.config)
				p.sent(t)
				replies := exchange(t, c, core.UserText("tell me"), after(heard, test.over))
				first, second := replies[0], replies[1]
				if first.Finish != core.FinishInterrupted || first.Delivered != heard {
					t.Errorf("the first reply is %s (%s), delivered %s", first.Finish, first.Detail, first.Delivered)
				}
				checkPlayed(t, first)
				if got := second.Message.Text(); !strings.HasPrefix(got, "you said ") || second.Finish != core.FinishComplete {
					t.Errorf("the second reply is %q, %s (%s)", got, second.Finish, second.Detail)
				}
				events := p.sent(t)
				truncates := of(events, "conversation.item.truncate")
				if len(truncates) != 1 || truncates[0]["audio_end_ms"] != float64(first.Delivered.Milliseconds()) {
					t.Errorf("the service was told %v, delivered were %s", truncates, first.Delivered)
				}
				if last := send(t, c, core.UserText("and now?")); !strings.HasSuffix(last.Message.Text(), "and now?") {
					t.Errorf("the next turn is answered with %q", last.Message.Text())
				}
			})
		})
	}
}

// checkPlayed checks that a reply tells what had played from what had not.
func checkPlayed(t *testing.T, r core.Reply) {
	t.Helper()
	var played, unplayed time.Duration
	for _, p := range r.Message.Parts {
		if p.Modality == core.Text {
			if !p.Undelivered || !p.Transcript {
				t.Errorf("the transcript %q does not say that it was not heard to its end", p.Text())
			}
			continue
		}
		clip, _, err := audio.DecodeWAV(p.Data)
		if err != nil {
			t.Fatal(err)
		}
		if p.Undelivered {
			unplayed += clip.Duration()
		} else {
			played += clip.Duration()
		}
	}
	if diff := (played - r.Delivered).Abs(); diff > time.Millisecond {
		t.Errorf("%s of audio are marked as delivered, and the reply says %s", played, r.Delivered)
	}
	if unplayed == 0 {
		t.Error("nothing is left that was not delivered")
	}
}

func TestAReplyThatIsOverBeforeItCouldBeSpokenOverIsWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, realtimetest.ToneAgent{}).talk(t, nil)
		before := time.Now()
		replies := exchange(t, c, core.UserText("hey"), after(time.Minute, core.UserText("you")))
		if time.Since(before) != 300*time.Millisecond {
			t.Error("the next turn did not wait until the reply had played")
		}
		first := replies[0]
		if first.Finish != core.FinishComplete || first.Delivered != 0 || len(first.Warnings) != 1 || !strings.Contains(first.Warnings[0], "was not spoken over") {
			t.Errorf("%s, delivered %s, warnings %q", first.Finish, first.Delivered, first.Warnings)
		}
		if got := replies[1].Message.Text(); got != "you" {
			t.Errorf("the second reply is %q", got)
		}
	})
}

func TestAChainOfInterruptions(t *testing.T) {
	agent := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		return strings.Repeat("on and ", 5) + items[len(items)-1].Text, nil
	}}
	for name, config := range map[string]settings{"by the campaign": nil, "noticed by the service": detects("server_vad")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				c := serveInMemory(t, agent).talk(t, config)
				replies := exchange(t, c, streamed(t, 300*time.Millisecond),
					after(200*time.Millisecond, streamed(t, 300*time.Millisecond)), after(200*time.Millisecond, streamed(t, 300*time.Millisecond)))
				for i, want := range []core.Finish{core.FinishInterrupted, core.FinishInterrupted, core.FinishComplete} {
					if got := replies[i]; got.Finish != want {
						t.Errorf("reply %d: %s (%s), want %s", i+1, got.Finish, got.Detail, want)
					}
				}
			})
		})
	}
}

func TestAWrittenReplyIsCutOffToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, talkative(), "slow-reply@1").talk(t, settings{"output": "text"})
		replies := exchange(t, c, core.UserText("tell me"), after(100*time.Millisecond, core.UserText("stop")))
		if replies[0].Finish != core.FinishInterrupted || replies[1].Message.Text() != "you said stop" {
			t.Errorf("%s (%s), then %q", replies[0].Finish, replies[0].Detail, replies[1].Message.Text())
		}
	})
}

func TestRepliesThatCameBeforeAnErrorAreReturnedWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, talkative(), "rate-limit@2").talk(t, nil)
		replies, err := c.(core.Interruptible).Exchange(t.Context(),
			[]core.Message{core.UserText("tell me"), after(100*time.Millisecond, core.UserText("stop"))})
		if core.KindOf(err) != core.ErrorRateLimited || len(replies) != 1 || replies[0].Finish != core.FinishInterrupted {
			t.Errorf("%d replies, %v", len(replies), err)
		}
	})
}

func TestACancelledContextEndsAnInterruption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := serveInMemory(t, talkative()).talk(t, detects("server_vad"))
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		_, err := c.(core.Interruptible).Exchange(ctx, []core.Message{core.UserText("tell me"), after(time.Minute, streamed(t, time.Second))})
		if core.KindOf(err) != core.ErrorTimeout {
			t.Errorf("got %v", err)
		}
	})
}
