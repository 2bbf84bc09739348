package conformance

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// concurrent is the number of concurrent calls.
	concurrent = 16
	// patience is the time limit of a call with a large or hostile value.
	patience = 3 * time.Second
	// soon is the time after which a call is stopped in the checks of
	// cancellation. A call that ends sooner passes them.
	soon = 20 * time.Millisecond
)

func (s subject) worksConcurrently(t T, o opened) {
	var calls sync.WaitGroup
	for range concurrent {
		calls.Go(func() {
			if err := o.call(t.Context(), s.Input); err != nil {
				t.Errorf("one of %d calls: %v", concurrent, err)
			}
		})
	}
	calls.Wait()
}

// takes calls the component with every modality that it accepts. The case's own
// input has to be accepted; a sample of the kit may be invalid input for it.
func (s subject) takes(t T, o opened) {
	if err := o.call(t.Context(), s.Input); err != nil {
		t.Errorf("%s: %v (%s)", s.Input.Modality, err, core.KindOf(err))
	}
	for _, m := range s.info.In {
		in, ok := sample(m)
		if !ok || m == s.Input.Modality {
			continue // tools' results answer calls, of which the kit has none
		}
		if err := o.call(t.Context(), in); err != nil && core.KindOf(err) != core.ErrorInput {
			t.Errorf("%s: %v (%s); it is described as taking %v", m, err, core.KindOf(err), s.info.In)
		}
	}
}

// refuses calls the component with modalities that it does not accept. A scorer
// may also return no score.
func (s subject) refuses(t T, o opened) {
	for _, m := range core.Modalities() {
		if s.info.Takes(m) || m == core.Reasoning { // which is handed to nobody
			continue
		}
		in, ok := sample(m)
		if !ok {
			in = core.Value{Modality: m, MediaType: core.MediaJSON, Data: []byte(`{"call_id": "1", "name": "x", "output": "x"}`)}
		}
		if scorer, ok := o.value.(core.Scorer); ok {
			score, err := scorer.Score(t.Context(), core.Evidence{Values: []core.Value{in}})
			if err == nil && score.Type == core.ScoreUnknown {
				continue
			}
			if err == nil {
				t.Errorf("%s: it says %+v, want an unknown score or an error of kind unsupported", m, score)
				continue
			}
		}
		if err := o.call(t.Context(), in); core.KindOf(err) != core.ErrorUnsupported {
			t.Errorf("%s: error %v (%s), want one of kind unsupported: it is described as taking %v", m, err, core.KindOf(err), s.info.In)
		}
	}
}

// takesLarge calls the component with 8 MiB. A call that is still in progress
// at the time limit passes: speaking 8 MiB of text takes hours.
func (s subject) takesLarge(t T, from Source) {
	o, err := s.open(t.Context(), from, s.Config)
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	defer func() { _ = o.close() }()
	in, ok := largeSample(s.Input.Modality)
	if !ok {
		t.Skipf("the kit has no large %s", s.Input.Modality)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = o.call(ctx, in)
	if err != nil && !ranOut(ctx, err) && core.KindOf(err) != core.ErrorInput {
		t.Errorf("%d MiB of %s: %v (%s), want no error or one of kind input", large>>20, in.Modality, err, core.KindOf(err))
	}
}

// ranOut reports whether a call failed because of the kit's time limit. A
// plugin ends a call a little before its deadline, so that it can still return
// the replies that arrived.
func ranOut(ctx context.Context, err error) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && core.KindOf(err) == core.ErrorTimeout && time.Until(deadline) < time.Second
}

// repeats converts the same value twice with the same seed; the results have to
// be equal.
func (s subject) repeats(t T, o opened) {
	if s.info.Can(core.CapabilityNondeterministic) {
		t.Skipf("the converter says that it is %s", core.CapabilityNondeterministic)
	}
	var given [2]core.Value
	var warned [2][]string
	for i := range given {
		ctx, warnings := core.WithWarnings(core.WithSeed(t.Context(), 7))
		var err error
		if given[i], err = o.value.(core.Converter).Convert(ctx, s.Input); err != nil {
			t.Fatalf("%v", err)
		}
		warned[i] = warnings.Texts()
	}
	if !slices.Equal(warned[0], warned[1]) {
		t.Errorf("the same input has the warnings %q, and then %q", warned[0], warned[1])
	}
	if a, b := given[0], given[1]; a.Modality != b.Modality || a.MediaType != b.MediaType || !bytes.Equal(a.Data, b.Data) {
		t.Errorf("the same input gives %d bytes of %s, and then %d other bytes of %s: random choices have to follow from the seed of the call; a converter whose service makes its own has the capability %q",
			len(a.Data), a.MediaType, len(b.Data), b.MediaType, core.CapabilityNondeterministic)
	}
}

func neverJudgesNothing(t T, o opened) {
	score, err := o.value.(core.Scorer).Score(t.Context(), core.Evidence{Objective: "The code is read out."})
	if err == nil && score.Type != core.ScoreUnknown {
		t.Errorf("without any value it says %+v, want an unknown score or an error", score)
	}
}

// cancelled returns a context that is cancelled soon.
func cancelled(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	timer := time.AfterFunc(soon, cancel)
	return ctx, func() {
		timer.Stop()
		cancel()
	}
}

// expired returns a context whose deadline is soon.
func expired(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, soon)
}

// honours stops a call before it begins, and another one in progress. Both have
// to end promptly. A plugin's caller returns in any case; whether the call
// itself has stopped shows when the component is closed, which waits for its
// calls.
func (s subject) honours(t T, from Source, stop func(context.Context) (context.Context, context.CancelFunc)) {
	o, err := s.open(t.Context(), from, s.Config)
	if err != nil {
		t.Fatalf("the component cannot be opened with %s: %v", orDefaults(s.Config), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	ended, err := within(prompt, func() error { return o.call(ctx, s.Input) })
	if !ended {
		t.Fatalf("a call whose context is over does not end within %v", prompt)
	}
	if err == nil && s.Kind == core.KindTarget {
		t.Errorf("a conversation whose context is over has a reply, want an error")
	}
	ctx, cancel = stop(t.Context())
	defer cancel()
	if ended, err = within(soon+2*prompt, func() error { return o.call(ctx, s.Input) }); !ended {
		t.Fatalf("a call does not end within %v of the end of its context", prompt)
	}
	if wrong, ok := errors.AsType[breach](err); ok {
		t.Errorf("a call whose context ends: %v", wrong)
	}
	switch ended, err = within(prompt, o.close); {
	case !ended:
		t.Errorf("a call still works %v after the end of its context: the component cannot be closed", prompt)
	case err != nil:
		t.Errorf("closing it: %v", err)
	}
}

// within calls f, and reports whether it ended in time, with its error.
func within(d time.Duration, f func() error) (ended bool, err error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case err := <-done:
		return true, err
	case <-timer.C:
		return false, nil
	}
}
