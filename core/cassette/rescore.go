package cassette

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// Conversation is the conversation of an attempt at a recorded trial.
type Conversation struct {
	// TrialID is the trial's ID, and Target the name of its target.
	TrialID, Target string
	// Attempt is the number of the attempt, from 1.
	Attempt      int
	SystemPrompt string
	History      []core.Message
	// Failure is why it was not completed; nil if it was.
	Failure *record.Failure
}

// Rescoring is what is needed to judge recorded conversations again.
type Rescoring struct {
	// Plan judges the conversations by the present campaign. A target that is
	// not called is not configured.
	Plan *plan.Plan
	// Unplanned are the recorded trials that the campaign no longer has, and
	// Unheld the campaign's trials without a recorded outcome.
	Unplanned, Unheld []string

	turns func(c Conversation) ([]record.Turn, error)
	// unasked are the targets of the conversations that are not called.
	unasked map[string]bool
	// held are the attempts at each trial, in order.
	held   map[string][]Conversation
	tracks *tracks[*heldTrack]
}

var _ engine.Replayer = (*Rescoring)(nil)

// Rescore returns a Rescoring of the trials that have an outcome, by a plan's
// scorers and success expressions. held are the attempts that ended, those at a trial in
// their order. turns reads the turns of one; it is called twice for each.
func Rescore(p *plan.Plan, catalog plan.Catalog, held []Conversation, turns func(Conversation) ([]record.Turn, error)) (*Rescoring, error) {
	r := &Rescoring{unasked: map[string]bool{}, held: map[string][]Conversation{}}
	r.turns = func(c Conversation) ([]record.Turn, error) { return heldTurns(turns, c) }
	r.tracks = newTracks(r.track)
	for _, c := range held {
		r.held[c.TrialID] = append(r.held[c.TrialID], c)
	}
	r.Plan = &plan.Plan{Name: p.Name, Bounds: p.Bounds, Prices: p.Prices, Evidence: p.Evidence, Earlier: map[string][]*plan.Setup{}}
	planned, library := map[string]bool{}, library{}
	for i := range p.Trials {
		t := &p.Trials[i]
		planned[t.ID] = true
		if err := r.plan(t, library); err != nil {
			return nil, err
		}
	}
	for _, c := range held {
		if !planned[c.TrialID] {
			planned[c.TrialID] = true // another attempt at it is not named again
			r.Unplanned = append(r.Unplanned, c.TrialID)
		}
	}
	r.keepJudges(p, catalog)
	return r, nil
}

// plan plans that the attempts at a trial are judged.
func (r *Rescoring) plan(t *plan.Trial, l library) error {
	attempts := r.held[t.ID]
	if len(attempts) == 0 {
		r.Unheld = append(r.Unheld, t.ID)
	}
	for n, c := range attempts {
		said, err := r.turns(c)
		if err != nil {
			return err
		}
		trial := trialOf(t, c, said, l)
		if n == len(attempts)-1 {
			r.Plan.Trials = append(r.Plan.Trials, trial)
			continue
		}
		r.Plan.Earlier[t.ID] = append(r.Plan.Earlier[t.ID], trial.Setup)
	}
	return nil
}

// track reads the n-th attempt at a trial, from 0.
func (r *Rescoring) track(trialID string, n int) (*heldTrack, error) {
	attempts := r.held[trialID]
	if n >= len(attempts) {
		return nil, core.Errorf(core.ErrorProtocol, "attempt %d is held beyond those that were recorded", n+1)
	}
	turns, err := r.turns(attempts[n])
	return &heldTrack{failure: attempts[n].Failure, turns: turns}, err
}

// heldTurns reads the turns of a conversation. A run that was stopped while it
// waited for a reply has sent the message again: the turn that was cut off is
// left out where nothing had arrived; where something had, its reply is judged
// like any other.
func heldTurns(read func(Conversation) ([]record.Turn, error), c Conversation) ([]record.Turn, error) {
	turns, err := read(c)
	var held []record.Turn
	for i, t := range turns {
		if i < len(turns)-1 && t.Failure != nil && t.Failure.Kind == core.ErrorInterrupted {
			if t.Reply == nil {
				continue
			}
			t.Failure = nil
		}
		held = append(held, t)
	}
	return held, err
}

// trialOf returns the trial in which a conversation is judged: all of its
// recorded turns, with the scorers and the success expression of the campaign.
func trialOf(t *plan.Trial, c Conversation, said []record.Turn, l library) plan.Trial {
	trial := plan.Trial{ID: t.ID, Number: t.Number, Seed: t.Seed, Setup: &plan.Setup{
		Attack: t.Attack, Several: t.Several, Variant: t.Variant, Row: t.Row,
		Target: c.Target, Objective: t.Objective, SystemPrompt: c.SystemPrompt, History: c.History,
		ToolResults: toolResults(said), Scorers: t.Scorers, Success: t.Success, StopOn: plan.StopNever,
	}}
	again := 0 // number of messages that were sent again
	for _, turn := range said {
		if turn.Sent.Role == core.Tool {
			continue // the engine makes the same tool results again
		}
		if turn.Reply != nil && turn.Reply.Finish == core.FinishBroken && turn.Failure == nil {
			again++
		}
		next := strategy.Turn{Delivery: turn.Sent.Delivery}
		for _, p := range turn.Sent.Parts {
			part := strategy.Part{Value: l.shared(p.Value), Converters: p.Converters}
			if p.Original != nil {
				part.Value = l.shared(*p.Original)
			}
			part.Background = t.Turns.HasBackground(part.Value)
			next.Parts = append(next.Parts, part)
		}
		trial.Turns = append(trial.Turns, next)
	}
	// A failure that is none of a turn's is one of the requests around the conversation.
	if c.Failure != nil && len(said) > 0 && !slices.ContainsFunc(said, func(turn record.Turn) bool { return turn.Failure != nil }) {
		trial.Failed = errorOf(c.Failure)
	}
	all := len(t.Turns)
	if t.RedTeam != nil {
		all = t.RedTeam.MaxTurns
	}
	if said := len(trial.Turns) - again; said < all && c.Failure == nil {
		trial.Cut = fmt.Sprintf("the conversation ended after %d of %d turns, and what was not said was not resisted", said, all)
	}
	return trial
}

// toolResults returns the recorded results of tools, by tool name.
func toolResults(said []record.Turn) map[string]string {
	names, results := map[string]string{}, map[string]string{}
	for _, turn := range said {
		for _, v := range turn.Sent.Of(core.ToolResult) {
			var result struct {
				ID     string `json:"call_id"`
				Output string `json:"output"`
			}
			if err := json.Unmarshal(v.Data, &result); err == nil && names[result.ID] != "" {
				results[names[result.ID]] = result.Output
			}
		}
		if turn.Reply == nil {
			continue
		}
		for _, v := range turn.Reply.Message.Of(core.ToolCall) {
			var call struct {
				ID   string `json:"call_id"`
				Name string `json:"name"`
			}
			if err := json.Unmarshal(v.Data, &call); err == nil {
				names[call.ID] = call.Name
			}
		}
	}
	return results
}

// library shares equal values between trials.
type library map[string][]byte

func (l library) shared(v core.Value) core.Value {
	if data, ok := l[string(v.Data)]; ok {
		v.Data = data
		return v
	}
	l[string(v.Data)] = v.Data
	return v
}

// keepJudges keeps the components needed for judging: the scorers, the
// converters before them, and the targets that these ask. The targets of the
// conversations are kept without configuration, as unasked.
func (r *Rescoring) keepJudges(p *plan.Plan, catalog plan.Catalog) {
	scorers, converters, asked := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for i := range r.Plan.Trials {
		for _, name := range r.Plan.Trials[i].Scorers {
			scorers[name] = true
		}
	}
	asks := func(kind core.Kind, c plan.Component) {
		if _, config, ok := catalog.Lookup(kind, c.Use); ok {
			for _, field := range config.Targets(c.Config) {
				asked[field.Value] = true
			}
		}
	}
	for _, s := range p.Scorers {
		if !scorers[s.Name] {
			continue
		}
		r.Plan.Scorers = append(r.Plan.Scorers, s)
		asks(core.KindScorer, s.Component)
		for _, via := range s.Via {
			converters[via] = true
		}
	}
	for _, c := range p.Converters {
		if converters[c.Name] {
			r.Plan.Converters = append(r.Plan.Converters, c)
			asks(core.KindConverter, c.Component)
		}
	}
	for _, t := range p.Targets {
		if asked[t.Name] {
			r.Plan.Targets = append(r.Plan.Targets, t)
		}
	}
	r.addUnasked(p, asked)
}

// addUnasked adds the targets of the conversations that are not called: only
// their names are used.
func (r *Rescoring) addUnasked(p *plan.Plan, asked map[string]bool) {
	concurrency := map[string]int{}
	for _, t := range p.Targets {
		concurrency[t.Name] = t.Limits.Concurrency
	}
	for i := range r.Plan.Trials {
		name := r.Plan.Trials[i].Target
		if asked[name] || r.unasked[name] {
			continue
		}
		r.unasked[name] = true
		t := plan.Target{Limits: scope.Limits{Concurrency: max(1, concurrency[name])}}
		t.Name, t.Config = name, []byte("{}")
		r.Plan.Targets = append(r.Plan.Targets, t)
	}
}

// Opener opens the components that judge. For a target of the conversations
// that is not called, it opens a placeholder whose calls fail.
func (r *Rescoring) Opener(judges core.Opener) core.Opener { return judgeOpener{judges} }

// judgeOpener opens absent for a component without a name.
type judgeOpener struct{ judges core.Opener }

// Open implements [core.Opener].
func (o judgeOpener) Open(ctx context.Context, kind core.Kind, use string, config []byte) (any, error) {
	if use == "" {
		return absent{}, nil
	}
	return o.judges.Open(ctx, kind, use, config)
}

// heldTrack is the state of a conversation while it is judged.
type heldTrack struct {
	failure *record.Failure
	// turns are those still to be played; played counts the others.
	turns  []record.Turn
	played int
	// converted are the recorded messages of the next turns.
	converted []core.Value
	// announced counts the turns that converted is for.
	announced int
}

// Answer implements [engine.Replayer]: it answers calls to the trial's target
// and to the converters of its turns. Components that judge are called.
func (r *Rescoring) Answer(_ context.Context, trialID string, c record.Call) (a record.Answer, ok bool, err error) {
	if c.By != "" || c.Kind == record.CallScore {
		return a, false, nil
	}
	t, err := r.tracks.of(trialID)
	if err != nil {
		return a, false, err
	}
	switch c.Kind {
	case record.CallStart:
		if len(t.turns) == 0 && t.failure != nil {
			a.Err = errorOf(t.failure)
		}
	case record.CallConvert:
		if c.Turn < t.played {
			return a, false, nil // a scorer's call
		}
		a.Value, err = t.convert(c.Values[0])
	case record.CallSend:
		a, err = t.play(c.Messages)
	}
	return a, true, err
}

// End implements [engine.Replayer].
func (r *Rescoring) End(trialID string) error {
	t, err := r.tracks.of(trialID)
	r.tracks.end(trialID)
	if err != nil {
		return err
	}
	if len(t.turns) > 0 {
		return core.Errorf(core.ErrorProtocol, "the trial ended before turn %d of the recorded conversation", t.played+1)
	}
	return nil
}

// convert returns the recorded result of a turn's last converter. Results
// between two converters of a part are not recorded, and not needed.
func (t *heldTrack) convert(in core.Value) (core.Value, error) {
	for len(t.converted) == 0 {
		if t.announced >= len(t.turns) {
			return core.Value{}, core.Errorf(core.ErrorProtocol, "turn %d: a converter is called more often than was recorded", t.played+1)
		}
		for _, p := range t.turns[t.announced].Sent.Parts {
			for i := range p.Converters {
				made := in
				if i == len(p.Converters)-1 {
					made = p.Value
				}
				t.converted = append(t.converted, made)
			}
		}
		t.announced++
	}
	next := t.converted[0]
	t.converted = t.converted[1:]
	return next, nil
}

// play returns the recorded replies to messages.
func (t *heldTrack) play(messages []core.Message) (record.Answer, error) {
	var a record.Answer
	t.converted, t.announced = nil, 0
	for range messages {
		if len(t.turns) == 0 {
			return a, core.Errorf(core.ErrorProtocol, "turn %d: a message is sent beyond the recorded conversation", t.played+1)
		}
		turn := t.turns[0]
		t.turns = t.turns[1:]
		t.played++
		if turn.Reply != nil {
			a.Replies = append(a.Replies, *turn.Reply)
		}
		if turn.Reply == nil || turn.Failure != nil {
			a.Err = errorOf(turn.Failure)
			return a, nil
		}
	}
	return a, nil
}

// errorOf converts a recorded failure to an error.
func errorOf(f *record.Failure) error {
	if f == nil {
		return core.Errorf(core.ErrorInternal, "the record does not say why there is no reply")
	}
	return f.Err()
}
