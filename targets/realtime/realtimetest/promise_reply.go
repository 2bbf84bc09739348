package realtimetest

import (
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// four is a reply whose halves tests tell apart.
func four() core.Message { return core.UserText("one two three four") }

// replyPromises are about how replies are classified.
func replyPromises() []promise {
	ends := func(name, fault string, want core.Finish, text string) promise {
		return promise{name: name, faults: []string{fault}, verify: func(s *stage) {
			reply := s.answered(s.talk(core.Start{}), four(), text)
			s.ended(reply, want)
		}}
	}
	const all = "one two three four"
	return []promise{
		ends("a reply that was filtered is blocked", "content-filter", core.FinishBlocked, "one two"),
		ends("a reply that hit its limit is truncated", "truncated", core.FinishTruncated, "one two"),
		ends("a reply that the service cancelled is interrupted", "cancelled", core.FinishInterrupted, "one two"),
		ends("a response without output is no reply", "empty-reply", core.FinishUnconfirmed, ""),
		ends("what another response says is not taken for the reply", "stale-response", core.FinishComplete, all),
		ends("the event names of the beta are understood", "beta-names", core.FinishComplete, all),
		ends("the event names of xAI are understood", "xai-names", core.FinishComplete, all),
		ends("a service that gives no metadata back is understood", "no-metadata", core.FinishComplete, all),
		ends("a service that confirms no items is understood", "no-ack", core.FinishComplete, all),
		ends("a lost race is no failure", "benign-error", core.FinishComplete, all),
		ends("text that comes at the end only is found", "done-only", core.FinishUnconfirmed, all),
		{name: "a reply in several items is one reply", faults: []string{"two-items"}, verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{}), four())
			if got := strings.Join(strings.Fields(reply.Message.Text()), " "); !strings.Contains(got, all) {
				s.Errorf("the reply is %q", got)
			}
			s.ended(reply, core.FinishComplete)
		}},
		{name: "a reply that never ends is unconfirmed, and was cancelled", faults: []string{"half-reply"}, config: map[string]any{
			"timeouts": map[string]any{"quiet": "1s", "cancel": "50ms"},
		}, verify: func(s *stage) {
			s.ended(s.say(s.talk(core.Start{}), four()), core.FinishUnconfirmed)
			if got := len(s.events("response.cancel")); got != 1 {
				s.Errorf("the reply was cancelled %d times", got)
			}
		}},
		{name: "a reply that keeps coming is not cut off", faults: []string{"slow-reply"}, config: map[string]any{
			"output": "text", "timeouts": map[string]any{"quiet": "1.5s"},
		}, verify: func(s *stage) { // one word every 200 ms
			long := strings.TrimSpace(strings.Repeat("and on ", 6))
			s.ended(s.answered(s.talk(core.Start{}), core.UserText(long), long), core.FinishComplete)
		}},
		{name: "a reply that is too long is cut off", config: map[string]any{"max_reply_bytes": 20_000}, verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{}), core.UserText(strings.Repeat("long ", 20)))
			s.ended(reply, core.FinishTruncated)
		}},
		{name: "half a sample at the end is no noise", faults: []string{"half-sample"}, verify: func(s *stage) {
			for _, value := range s.say(s.talk(core.Start{}), four()).Message.Of(core.Audio) {
				if clip, warnings, err := audio.DecodeWAV(value.Data); err != nil || len(warnings) > 0 || clip.Tone(440) < -20 {
					s.Errorf("the audio is %v: %v %v", clip, warnings, err)
				}
			}
		}},
	}
}

// remarkPromises are about warnings on replies.
func remarkPromises() []promise {
	remarks := func(name, fault, text, warning string) promise {
		return promise{name: name, faults: []string{fault}, verify: func(s *stage) {
			s.warned(s.answered(s.talk(core.Start{}), four(), text), warning)
		}}
	}
	const all = "one two three four"
	return []promise{
		remarks("audio without a transcript is kept and marked", "no-transcript", "", "audio but no transcript"),
		remarks("a transcript without audio is kept and marked", "no-audio", all, "transcript but no audio"),
		remarks("a text that is given in two versions is marked", "wrong-transcript", all, "two versions"),
		remarks("an end that repeats another text is marked", "disagreeing-done", all, "two versions"),
		remarks("an answer in text where audio was asked for is marked", "text-only", all, "answered in text"),
		remarks("events of unknown types are ignored and remarked upon", "unknown-events", all, "not known"),
	}
}

// toldPromises are about metadata of replies.
func toldPromises() []promise {
	return []promise{
		{name: "usage, times and limits are told", verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{}), four())
			if u := reply.Usage; u.InputTextTokens == 0 || u.OutputTextTokens == 0 || u.OutputAudioTokens == 0 {
				s.Errorf("usage %+v", u)
			}
			if t := reply.Timing; t.Connect <= 0 || t.FirstEvent <= 0 || t.FirstAudio < t.FirstEvent || t.LastAudio < t.FirstAudio || t.Total < t.LastAudio {
				s.Errorf("times %+v", t)
			}
			if len(reply.RateLimits) == 0 || reply.RateLimits[0].Name == "" || reply.RateLimits[0].Reset <= 0 {
				s.Errorf("limits %+v", reply.RateLimits)
			}
		}},
		{name: "limits that are used up are told", faults: []string{"limits-exhausted"}, verify: func(s *stage) {
			reply := s.say(s.talk(core.Start{}), four())
			for _, l := range reply.RateLimits {
				if l.Remaining == 0 && l.Reset > 0 {
					return
				}
			}
			s.Errorf("limits %+v", reply.RateLimits)
		}},
		{name: "what was heard is noted though it comes after the reply", faults: []string{"late-transcript"}, config: map[string]any{"transcription_model": "ears"}, verify: func(s *stage) {
			if got := s.say(s.talk(core.Start{}), s.tone(1e9, 24000)).Heard; got != "440 Hz for 1000 ms" {
				s.Errorf("heard %q", got)
			}
		}},
		{name: "what could not be transcribed is marked", faults: []string{"transcript-failed"}, config: map[string]any{"transcription_model": "ears"}, verify: func(s *stage) {
			s.warned(s.say(s.talk(core.Start{}), s.tone(1e9, 24000)), "could not transcribe")
		}},
	}
}
