package record_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// shelf keeps values in memory.
type shelf map[string][]byte

// keep keeps everything but text elsewhere.
func (s shelf) keep(v core.Value) (string, error) {
	if v.Modality == core.Text {
		return "", nil
	}
	s["sum of "+string(v.Data)] = v.Data
	return "sum of " + string(v.Data), nil
}

func (s shelf) load(name string) ([]byte, error) {
	data, ok := s[name]
	if !ok {
		return nil, errors.New("there is no " + name)
	}
	return data, nil
}

func calls() map[string]record.RecordedCall {
	original, prompt := core.TextValue("hello\x00\xff"), "Be brief."
	sound := core.WAVValue([]byte("RIFF"))
	said := core.Message{
		Role:     core.User,
		Parts:    []core.Part{{Value: sound, Original: &original, Converters: []string{"speak"}}},
		Delivery: core.Delivery{Stream: true, SystemPrompt: &prompt},
	}
	reply := core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: sound, Undelivered: true}, {Value: core.TextValue("no"), Transcript: true}}},
		Finish:  core.FinishInterrupted, Detail: "cut", Heard: "hello", Unheard: true, HeardMissing: true, HeardConfidence: &core.Confidence{Mean: 0.5, Least: 0.25, LeastOf: "he"}, Delivered: time.Second, Replayed: true,
		Usage: core.Usage{InputTokens: 3}, Timing: core.Timing{Total: time.Second},
		RateLimits: []core.RateLimit{{Name: "requests", Limit: 3, Reset: time.Second}}, Warnings: []string{"slow"},
	}
	broken := reply
	broken.Finish = core.FinishBroken
	down := core.Errorf(core.ErrorRateLimited, "busy").WithHint("wait").After(time.Minute)
	hungUp := core.Errorf(core.ErrorUnavailable, "hung up").About(core.SubjectAnswer)
	return map[string]record.RecordedCall{
		"an error that says what it speaks of": {
			Call:   record.Call{Kind: record.CallSend, Name: "agent", Messages: []core.Message{said}},
			Answer: record.Answer{Err: hungUp},
		},
		"a start": {Call: record.Call{
			Kind: record.CallStart, Name: "judge", ByKind: core.KindScorer, By: "leaked", Turn: 2, Conversation: 3,
			Start: core.Start{SystemPrompt: "Guard\xff", History: []core.Message{core.UserText("before")}},
		}, Answer: record.Answer{Err: down, Abandoned: true}},
		"an exchange": {
			Call:   record.Call{Kind: record.CallSend, Name: "agent", Messages: []core.Message{said, core.UserText("stop")}},
			Answer: record.Answer{Replies: []core.Reply{reply}, Err: down},
		},
		"a reply that broke off": {
			Call:   record.Call{Kind: record.CallSend, Name: "agent", Messages: []core.Message{said}},
			Answer: record.Answer{Replies: []core.Reply{broken}, Err: down},
		},
		"a conversion": {
			Call:   record.Call{Kind: record.CallConvert, Name: "speak", Values: []core.Value{original}},
			Answer: record.Answer{Value: sound, Warnings: []string{"cannot say é"}},
		},
		"a score": {
			Call:   record.Call{Kind: record.CallScore, Name: "leaked", Values: []core.Value{sound}, Objective: "It says \xff.", Said: "ab"},
			Answer: record.Answer{Score: core.Score{Type: core.ScoreScale, Value: 1.0 / 3, Rationale: "a third"}},
		},
		"a score that is no number": {
			Call:   record.Call{Kind: record.CallScore, Name: "leaked"},
			Answer: record.Answer{Score: core.Score{Type: core.ScoreScale, Value: math.Inf(1)}},
		},
		"an end":              {Call: record.Call{Kind: record.CallEnd, Name: "agent", Turn: 2}},
		"what was never sent": {Call: record.Call{Kind: record.CallSend, Name: "judge", Messages: []core.Message{core.UserText("?")}}, Answer: record.Answer{Err: down, Unsent: true}},
	}
}

// sameErrors compares errors as far as they are kept.
var sameErrors = cmp.Comparer(func(a, b error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Error() == b.Error() && core.KindOf(a) == core.KindOf(b) && core.HintOf(a) == core.HintOf(b) &&
		core.SubjectOf(a) == core.SubjectOf(b) && core.RetryAfterOf(a) == core.RetryAfterOf(b)
})

func TestWhatIsEncodedIsDecoded(t *testing.T) {
	for name, want := range calls() {
		t.Run(name, func(t *testing.T) {
			s := shelf{}
			encoded, err := record.EncodeCall(want, s.keep)
			if err != nil {
				t.Fatal(err)
			}
			got, err := record.DecodeCall(encoded, s.load)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, sameErrors, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-encoded +decoded):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNoRecordOfACallIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                 ``,
		"half of it":              `{"kind": "end"`,
		"more than one":           `{"kind": "end"} {}`,
		"an unknown kind":         `{"kind": "sing"}`,
		"an unknown key":          `{"kind": "end", "colour": "red"}`,
		"a value that is lost":    `{"kind": "convert", "value": {"kept": "x"}}`,
		"a message without reply": `{"kind": "send", "messages": [{"role": "user"}]}`,
		"a reply to nothing":      `{"kind": "send", "replies": [{"message": {"role": "assistant"}}]}`,
		"a failure of nothing":    `{"kind": "send", "messages": [{"role": "user"}], "replies": [{"message": {"role": "assistant"}}], "error": {"kind": "timeout", "message": "late"}}`,
		"a break of nothing":      `{"kind": "send", "messages": [{"role": "user"}], "replies": [{"message": {"role": "assistant"}, "finish": "broken"}]}`,
		"replies after a break":   `{"kind": "send", "messages": [{"role": "user"}, {"role": "user"}], "replies": [{"message": {"role": "assistant"}, "finish": "broken"}, {"message": {"role": "assistant"}, "finish": "complete"}], "error": {"kind": "unavailable", "message": "gone"}}`,
		"an unknown subject":      `{"kind": "end", "error": {"kind": "timeout", "subject": "weather", "message": "late"}}`,
		"a score in words":        `{"kind": "score", "score": {"value": "high"}}`,
	} {
		if got, err := record.DecodeCall([]byte(text), shelf{}.load); err == nil {
			t.Errorf("%s is decoded as %+v", name, got)
		}
	}
}

// FuzzDecode holds the decoder to what it is for: whatever it takes can be encoded,
// and is decoded as the same again.
func FuzzDecode(f *testing.F) {
	for _, r := range calls() {
		encoded, err := record.EncodeCall(r, func(core.Value) (string, error) { return "", nil })
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	load := func(name string) ([]byte, error) { return []byte(name), nil }
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := record.DecodeCall(data, load)
		if err != nil {
			return
		}
		encoded, err := record.EncodeCall(first, func(core.Value) (string, error) { return "", nil })
		if err != nil {
			t.Fatal(err)
		}
		again, err := record.DecodeCall(encoded, load)
		if err != nil {
			t.Fatalf("%v\n%s", err, encoded)
		}
		if diff := cmp.Diff(first, again, sameErrors, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("(-first +again):\n%s", diff)
		}
	})
}

func TestAnImpliedSubjectIsLeftOut(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"the kind implies it": {core.Errorf(core.ErrorTimeout, "late").About(core.SubjectAnswer), `{"kind":"timeout","message":"late"}`},
		"the wait implies it": {core.Errorf(core.ErrorUnavailable, "busy").After(time.Second), `{"kind":"unavailable","message":"busy","retry_after":1000000000}`},
		"it is another one":   {core.Errorf(core.ErrorTimeout, "late").About(core.SubjectReachability), `{"kind":"timeout","subject":"reachability","message":"late"}`},
	} {
		t.Run(name, func(t *testing.T) {
			encoded, err := record.EncodeCall(record.RecordedCall{Call: record.Call{Kind: record.CallEnd, Name: "agent"}, Answer: record.Answer{Err: test.err}}, shelf{}.keep)
			if err != nil {
				t.Fatal(err)
			}
			if want := `{"kind":"end","name":"agent","error":` + test.want + `}`; string(encoded) != want {
				t.Errorf("encoded as %s, want %s", encoded, want)
			}
		})
	}
}

func TestAFailureKeepsWhatItsErrorSpeaksOf(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		subject core.ErrorSubject
	}{
		"it says so":          {core.Errorf(core.ErrorUnavailable, "hung up").WithHint("call again").About(core.SubjectAnswer), core.SubjectAnswer},
		"its wait implies it": {core.Errorf(core.ErrorUnavailable, "busy").After(time.Second), core.SubjectLimit},
		"its kind implies it": {core.Errorf(core.ErrorUnavailable, "down"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := record.FailureOf(test.err)
			if f.Subject != test.subject {
				t.Errorf("the subject is kept as %q, want %q", f.Subject, test.subject)
			}
			again := f.Err()
			if again.Error() != test.err.Error() || core.KindOf(again) != core.KindOf(test.err) || core.HintOf(again) != core.HintOf(test.err) || core.SubjectOf(again) != core.SubjectOf(test.err) {
				t.Errorf("the error of the failure is %#v, want that of %#v", again, test.err)
			}
		})
	}
}
