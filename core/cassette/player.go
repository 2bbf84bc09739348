package cassette

import (
	"context"
	"fmt"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Player replays a recorded run. It answers each call with the recorded answer,
// and fails where a call differs from the recorded one. No component is needed:
// it is also the [core.Opener] of the run.
type Player struct {
	tracks *tracks[*track]
	// helpers are called again for converters and scorers that had called them.
	helpers core.Targets
}

var _ engine.Replayer = (*Player)(nil)

// NewPlayer returns a Player. read returns the calls of the n-th attempt at a trial
// that ended, from 0, in order; it is called once for each, when the attempt begins.
func NewPlayer(read func(trialID string, n int) ([]record.RecordedCall, error)) *Player {
	return &Player{tracks: newTracks(func(trialID string, n int) (*track, error) {
		calls, err := read(trialID, n)
		return &track{calls: calls, conversations: map[int]core.Conversation{}}, err
	})}
}

// Opener opens the run's components, for [engine.Components]. They are
// placeholders; the helpers are the targets that converters and scorers had
// called.
func (p *Player) Opener(helpers core.Targets) core.Opener {
	p.helpers = helpers
	return absent{}
}

// track is the record of one trial. Its calls are replayed one at a time.
type track struct {
	mu    sync.Mutex
	calls []record.RecordedCall
	// conversations are those with helpers that converters and scorers began,
	// by their numbers.
	conversations map[int]core.Conversation
}

// Answer implements [engine.Replayer].
func (p *Player) Answer(ctx context.Context, trialID string, c record.Call) (a record.Answer, ok bool, err error) {
	t, err := p.tracks.of(trialID)
	if err != nil {
		return a, false, err
	}
	switch c.Kind {
	case record.CallConvert:
		err = p.repeatHelperCalls(ctx, t, core.KindConverter, c.Name)
	case record.CallScore:
		err = p.repeatHelperCalls(ctx, t, core.KindScorer, c.Name)
	}
	if err != nil {
		return a, false, err
	}
	next, ok := t.next()
	if !ok {
		return a, false, diverged(c.Turn, "%s: nothing more is recorded", describe(c))
	}
	if d := difference(next.Call, c); d != "" {
		return a, false, diverged(c.Turn, "%s", d)
	}
	t.pass()
	return next.Answer, true, nil
}

// End implements [engine.Replayer].
func (p *Player) End(trialID string) error {
	t, err := p.tracks.of(trialID)
	p.tracks.end(trialID)
	if err != nil {
		return err
	}
	if next, ok := t.next(); ok {
		return diverged(next.Call.Turn, "recorded is %s; now the trial is over", describe(next.Call))
	}
	return nil
}

// diverged is an error that describes the difference from the record.
func diverged(turn int, format string, args ...any) error {
	return core.Errorf(core.ErrorProtocol, "turn %d: %s", turn+1, fmt.Sprintf(format, args...)).
		WithHint("this version of the orchestrator does not do what the one did that recorded the run, or the record was changed")
}

// next returns the next recorded call.
func (t *track) next() (record.RecordedCall, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.calls) == 0 {
		return record.RecordedCall{}, false
	}
	return t.calls[0], true
}

func (t *track) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = t.calls[1:]
}

func (t *track) left() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.calls)
}

// repeatHelperCalls repeats the calls to helpers that a component made. The engine asks
// the Player for the answers.
func (p *Player) repeatHelperCalls(ctx context.Context, t *track, kind core.Kind, name string) error {
	for {
		next, ok := t.next()
		if !ok || next.Call.ByKind != kind || next.Call.By != name {
			return nil
		}
		left := t.left()
		if err := p.ask(ctx, t, next.Call); err != nil {
			return err
		}
		if t.left() != left-1 {
			return diverged(next.Call.Turn, "recorded is %s; now it is not asked", describe(next.Call))
		}
	}
}

// ask repeats one call to a helper. Its answer or error is ignored: the
// component that used it is replayed, too.
func (p *Player) ask(ctx context.Context, t *track, c record.Call) error {
	if c.Kind == record.CallStart {
		helper, ok := p.helpers[c.Name]
		if !ok {
			return diverged(c.Turn, "recorded is %s; now there is no such target", describe(c))
		}
		conversation, err := helper.StartConversation(ctx, c.Start)
		if err == nil {
			t.conversations[c.Conversation] = conversation
		}
		return nil
	}
	conversation, begun := t.conversations[c.Conversation]
	interruptible, several := conversation.(core.Interruptible)
	switch {
	case !begun || len(c.Messages) == 0 || len(c.Messages) > 1 && !several:
		return diverged(c.Turn, "recorded is %s in a conversation that was not begun", describe(c))
	case len(c.Messages) == 1:
		_, _ = conversation.Send(ctx, c.Messages[0])
	default:
		_, _ = interruptible.Exchange(ctx, c.Messages)
	}
	return nil
}
