package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAConversationRemembersItsTurnsAcrossTheBoundary(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "parrot", []byte(`{"audio": 3000000}`))
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{SystemPrompt: "sys\x00\xff"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := talk.Send(t.Context(), core.UserText("one")); err != nil {
		t.Fatal(err)
	}
	reply, err := talk.Send(t.Context(), core.UserText("two"))
	if err != nil {
		t.Fatal(err)
	}
	audio := make([]byte, 3000000)
	for i := range audio {
		audio[i] = byte(i % 251)
	}
	want := core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{
			{Value: core.TextValue("sys\x00\xff|one|two"), Transcript: true},
			{Value: core.WAVValue(audio)},
		}},
		Finish:   core.FinishComplete,
		Usage:    core.Usage{InputTokens: 1, OutputAudioTokens: 7},
		Timing:   core.Timing{FirstEvent: 3 * time.Millisecond, Total: 5 * time.Millisecond},
		Warnings: []string{"it is a parrot"},
	}
	if diff := cmp.Diff(want, reply, cmp.Comparer(bytes.Equal)); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	for range 2 {
		if err := talk.End(t.Context()); err != nil {
			t.Errorf("ending: %v", err)
		}
	}
	log.waitFor(t, "conversation ended")
	if _, err := talk.Send(t.Context(), core.UserText("three")); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("sending after the end: %v, want a protocol error", err)
	}
}

func TestAScorerJudgesAcrossTheBoundary(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	s, err := core.OpenAs[core.Scorer](t.Context(), h.Using(nil), "length", nil)
	if err != nil {
		t.Fatal(err)
	}
	evidence := core.Evidence{Conversation: []core.Message{core.UserText("hello")}, Values: []core.Value{core.TextValue("x")}}
	got, err := s.Score(t.Context(), evidence)
	if want := (core.Score{Type: core.ScoreScale, Value: 0.5, Rationale: "hello"}); err != nil || got != want {
		t.Errorf("score %+v, %v; want %+v", got, err, want)
	}
	evidence.Objective = "unknown"
	if got, err := s.Score(t.Context(), evidence); err != nil || got != core.UnknownScore("no idea") {
		t.Errorf("score %+v, %v; want an unknown one", got, err)
	}
	for _, objective := range []string{"impossible", "other"} {
		evidence.Objective = objective
		if got, err := s.Score(t.Context(), evidence); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("%s: score %+v, %v; want a protocol error", objective, got, err)
		}
	}
}

func TestAConverterIsHeldToWhatItSaysItGives(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	for _, use := range []string{"liar", "alien"} {
		_, err := openConverter(t, h, use, "").Convert(t.Context(), core.TextValue("x"))
		if core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("%s: %v, want a protocol error", use, err)
		}
	}
}

func TestErrorsKeepTheirKindFieldHintAndWait(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	c := openConverter(t, h, "fail", "")
	for _, kind := range core.ErrorKinds() {
		t.Run(string(kind), func(t *testing.T) {
			_, err := c.Convert(t.Context(), core.TextValue(string(kind)))
			got, ok := errors.AsType[*core.Error](err)
			if !ok {
				t.Fatalf("error %v is no core.Error", err)
			}
			want := core.Errorf(kind, "it is %s", kind).At("audio.voice").WithHint("mend it").After(1500 * time.Millisecond)
			if got.Kind != want.Kind || got.Field != want.Field || got.Hint != want.Hint || got.RetryAfter != want.RetryAfter || got.Error() != want.Error() {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
	if _, err := openConverter(t, h, "oops", "").Convert(t.Context(), core.TextValue("")); core.KindOf(err) != core.ErrorInternal || err.Error() != "no kind" {
		t.Errorf("an error without a kind came as %v (%s)", err, core.KindOf(err))
	}
	if got := ask(t, h, "nested/length", "four"); got != "4" {
		t.Errorf("after an error of kind unavailable the plugin answers %q", got)
	}
}

func TestWrongConfigurationIsRefusedAndNamesTheKey(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	for _, test := range []struct{ config, field string }{
		{`{"prefx": "x"}`, "prefx"},
		{`{"prefix": 7}`, "prefix"},
		{`{"mode": "hidden"}`, "mode"},
	} {
		_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "echo", []byte(test.config))
		e, ok := errors.AsType[*core.Error](err)
		if !ok || e.Kind != core.ErrorConfig || e.Field != test.field {
			t.Errorf("%s: %v, want a config error about %q", test.config, err, test.field)
		}
	}
}

func TestAConfigurationIsCheckedWithoutOpeningTheComponent(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	check := func(config string) error {
		_, err := h.CheckConfig(t.Context(), core.KindConverter, "echo", []byte(config))
		return err
	}
	if err := check(`{"mode": "shown", "key": "k"}`); err != nil {
		t.Errorf("a right configuration: %v", err)
	}
	for config, fields := range map[string]string{
		`{"mode": "shown", "prefix": "loud"}`: "prefix key",
		`{"prefix": "loud"}`:                  "prefix",
		`{"prefx": "x"}`:                      "prefx",
	} {
		wrong, ok := errors.AsType[core.Errors](check(config))
		var got []string
		for _, e := range wrong {
			got = append(got, e.Field)
		}
		if !ok || strings.Join(got, " ") != fields {
			t.Errorf("%s: %v, want errors about %s", config, check(config), fields)
		}
	}
	if _, err := h.CheckConfig(t.Context(), core.KindTarget, "echo", nil); err == nil {
		t.Error("a component that is not there was checked")
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if lines := log.String(); strings.Contains(lines, "closed") {
		t.Errorf("something had been opened:\n%s", lines)
	}
	if err := check(`{}`); err == nil {
		t.Error("a closed host checks")
	} else if _, ok := errors.AsType[core.Errors](err); ok {
		t.Errorf("a closed host blames the configuration: %v", err)
	}
}

func TestWhatAConfigurationRestrictsIsToldBeforeTheComponentIsOpened(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	want := []core.Restriction{{In: core.Text, Hint: "leave deaf out"}, {Out: core.Audio}, {Capability: core.CapabilityStream}}
	got, err := h.CheckConfig(t.Context(), core.KindTarget, "parrot", []byte(`{"deaf": true}`))
	if err != nil || !slices.Equal(got.Restrictions, want) || len(got.Warnings) != 1 || got.Warnings[0].Field != "deaf" || got.Warnings[0].Hint != "let it hear" {
		t.Errorf("got %+v, %v, want %+v and a warning", got, err, want)
	}
	for _, config := range []string{"", `{"audio": 1}`} {
		if got, err := h.CheckConfig(t.Context(), core.KindTarget, "parrot", []byte(config)); len(got.Restrictions)+len(got.Warnings) > 0 || err != nil {
			t.Errorf("%s: %+v, %v, want no restriction", config, got, err)
		}
	}
}

func TestASecretReachesTheComponentThroughItsConfiguration(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	got, err := openConverter(t, h, "echo", `{"key": "k-1", "mode": "shown"}`).Convert(t.Context(), core.TextValue(""))
	if err != nil || got.Text() != "k-1" {
		t.Errorf("got %q, %v", got.Text(), err)
	}
}

func TestMessagesOverFourMebibytesCross(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	large := core.Value{Modality: core.Text, MediaType: core.MediaText, Data: bytes.Repeat([]byte("\x00\xffab"), 10<<20/4)}
	got, err := openConverter(t, h, "echo", "").Convert(t.Context(), large)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Data, large.Data) {
		t.Error("10 MiB came back different")
	}
}

func TestMessagesOverSixtyFourMebibytesAreRefusedClearly(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	for name, convert := range map[string]func() error{
		"to the plugin": func() error {
			_, err := openConverter(t, h, "echo", "").Convert(t.Context(), core.Value{Modality: core.Text, Data: make([]byte, 65<<20)})
			return err
		},
		"from the plugin": func() error {
			_, err := openConverter(t, h, "large", "").Convert(t.Context(), core.TextValue(fmt.Sprint(65<<20)))
			return err
		},
	} {
		err := convert()
		if core.KindOf(err) != core.ErrorInput || !strings.Contains(err.Error(), "64 MiB") {
			t.Errorf("%s: %v, want an input error that names the limit", name, err)
		}
	}
	if got := ask(t, h, "nested/length", "four"); got != "4" {
		t.Errorf("afterwards the plugin answers %q", got)
	}
}

func TestAReplyLargerThanTheLimitIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "parrot", fmt.Appendf(nil, `{"audio": %d}`, 65<<20))
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := talk.Send(t.Context(), core.UserText("x")); core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "64 MiB") {
		t.Errorf("%v, want a protocol error that names the limit", err)
	}
}

func TestCancellingACallCancelsItInThePlugin(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	c := openConverter(t, h, "block", "")
	marker := filepath.Join(t.TempDir(), "marker")
	state := func() string { b, _ := os.ReadFile(marker); return string(b) }
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, 1)
	go func() { _, err := c.Convert(ctx, core.TextValue(marker)); failed <- err }()
	eventually(t, 10*time.Second, "the call starts", func() bool { return state() == "started" })
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
	eventually(t, time.Second, "the plugin sees the cancellation", func() bool { return state() == "cancelled" })
}

func TestADeadlineComesBackAsATimeout(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	c := openConverter(t, h, "block", "")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	marker := filepath.Join(t.TempDir(), "marker")
	_, err := c.Convert(ctx, core.TextValue(marker))
	if core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("error %v (%s), want a timeout", err, core.KindOf(err))
	}
	eventually(t, time.Second, "the plugin sees the deadline", func() bool { b, _ := os.ReadFile(marker); return string(b) == "cancelled" })
}

func TestEndingAConversationWaitsForTheCancelledSend(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	target, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "parrot", nil)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := talk.Send(ctx, core.UserText("wait")); core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("error %v, want a timeout", err)
	}
	if err := talk.End(t.Context()); err != nil {
		t.Error(err)
	}
	log.waitFor(t, "conversation ended")
	text := log.String()
	if cancelled := strings.Index(text, "cancelled"); cancelled < 0 || cancelled > strings.Index(text, "conversation ended") {
		t.Errorf("the conversation did not end after its Send:\n%s", text)
	}
}

func TestInstancesAreIndependentAndCloseOnce(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	a, b := openConverter(t, h, "echo", `{"prefix":"a"}`), openConverter(t, h, "echo", `{"prefix":"b"}`)
	for range 2 {
		if err := a.(io.Closer).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(log.String(), "closed"); got > 1 {
		t.Errorf("closed %d times", got)
	}
	if _, err := a.Convert(t.Context(), core.TextValue("x")); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("a closed instance answers: %v", err)
	}
	if got, err := b.Convert(t.Context(), core.TextValue("x")); err != nil || got.Text() != "bx" {
		t.Errorf("the other instance: %q, %v", got.Text(), err)
	}
}

func TestWhatIsStillOpenIsClosedWithTheHost(t *testing.T) {
	t.Parallel()
	h, log := newHost(t, nil)
	openConverter(t, h, "echo", "")
	closeWithin(t, h, 5*time.Second)
	log.waitFor(t, "closed")
	if _, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "echo", nil); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("opening after Close: %v, want an unavailable error", err)
	}
	closeWithin(t, h, time.Second)
}

func TestManyCallsShareOneProcess(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	var pids sync.Map
	var calls sync.WaitGroup
	for range 16 {
		calls.Go(func() {
			c, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "pid", nil)
			if err != nil {
				t.Error(err)
				return
			}
			out, err := c.Convert(t.Context(), core.TextValue(""))
			if err != nil {
				t.Error(err)
			}
			pids.Store(out.Text(), true)
		})
	}
	calls.Wait()
	n := 0
	pids.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("%d processes answered, want one", n)
	}
}

func TestAComponentThatNobodyOffersIsAConfigurationError(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, func(o *host.Options) { o.Programs = host.Discover([]string{installed(t, "acme")}, o.Log) })
	for _, use := range []string{"echoo", "acme/echoo", "nobody/echo"} {
		_, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), use, nil)
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "offers") {
			t.Errorf("%s: %v, want a config error", use, err)
		}
	}
	if _, err := core.OpenAs[core.Target](t.Context(), h.Using(nil), "echo", nil); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a converter opened as a target: %v", err)
	}
}
