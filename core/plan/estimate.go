package plan

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// MaxToolRounds is how many times in a row the tool calls of a target are
// answered. A target may answer each result with another call.
const MaxToolRounds = 8

// The assumptions of an estimate: the length of a reply in tokens, from a short
// refusal to half a minute of speech, and the time of a message and its reply.
const (
	shortReply, longReply = 20, 600
	quickTurn, slowTurn   = time.Second, 10 * time.Second
)

// Range is the least and the most that is expected.
type Range[T cmp.Ordered] struct {
	Low  T `json:"low"`
	High T `json:"high"`
}

// Estimate is the approximate usage of a run: the messages to attacked targets,
// the questions to attackers, and the requests before and after trials. Requests of
// converters and scorers are not included.
type Estimate struct {
	Trials int `json:"trials"`
	// Turns are the messages to the attacked targets, and the questions to
	// attackers. The least assumes that each attack that stops on success
	// succeeds at once; the most assumes that none does, that each target goes
	// on calling tools, and that each attacker has to be asked again.
	Turns        Range[int64] `json:"turns"`
	InputTokens  Range[int64] `json:"input_tokens"`
	OutputTokens Range[int64] `json:"output_tokens"`
	// Cost is in Currency, which is empty where the campaign has no prices.
	Cost     Range[float64] `json:"cost"`
	Currency string         `json:"currency,omitempty"`
	// Unpriced are the attacked targets and attackers that have no price.
	Unpriced []string             `json:"unpriced,omitempty"`
	Duration Range[core.Duration] `json:"duration"`
	// NotCounted are the converters and scorers that use targets, such as
	// scorer "polite".
	NotCounted []string `json:"not_counted,omitempty"`
}

// Tokens are input and output tokens together.
func (e Estimate) Tokens() Range[int64] {
	return Range[int64]{e.InputTokens.Low + e.OutputTokens.Low, e.InputTokens.High + e.OutputTokens.High}
}

// Estimate estimates the usage of a run of the plan in which nothing fails.
func (p *Plan) Estimate() Estimate {
	e := Estimate{Trials: len(p.Trials), Currency: p.Prices.Currency, NotCounted: p.notCounted}
	targets := map[string]*load{}
	add := func(target string, one load) {
		if targets[target] == nil {
			targets[target] = &load{}
		}
		targets[target].add(one)
	}
	var one, attacker load
	for i := range p.Trials {
		t := &p.Trials[i]
		if t.Number == 1 || i == 0 { // the others of its row are equal
			one = load{low: t.use(false), high: t.use(true)}
			attacker = load{low: t.attackerUse(false), high: t.attackerUse(true)}
			one.low.waitFor(attacker.low)
			one.high.waitFor(attacker.high)
			around := use{turns: int64(len(t.BeforeTrial) + len(t.AfterTrial))}
			one.low.waitFor(around)
			one.high.waitFor(around)
		}
		for _, r := range slices.Concat(t.BeforeTrial, t.AfterTrial) {
			add(r.Target, load{low: r.use(shortReply), high: r.use(longReply)})
		}
		add(t.Target, one)
		if t.RedTeam != nil {
			add(t.RedTeam.Attacker, attacker)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		p.addTarget(&e, name, targets[name])
	}
	e.Cost = Range[float64]{millionths(e.Cost.Low), millionths(e.Cost.High)}
	return e
}

// millionths rounds an amount of money to millionths.
func millionths(amount float64) float64 { return math.Round(amount*1e6) / 1e6 }

// addTarget adds the use of one target's trials. Trials of different targets
// run at the same time.
func (p *Plan) addTarget(e *Estimate, name string, l *load) {
	e.Turns.Low, e.Turns.High = e.Turns.Low+l.low.turns, e.Turns.High+l.high.turns
	e.InputTokens.Low, e.InputTokens.High = e.InputTokens.Low+l.low.usage.InputTokens, e.InputTokens.High+l.high.usage.InputTokens
	e.OutputTokens.Low, e.OutputTokens.High = e.OutputTokens.Low+l.low.usage.OutputTokens, e.OutputTokens.High+l.high.usage.OutputTokens
	price, ok := p.Prices.Targets[name]
	if !ok {
		e.Unpriced = append(e.Unpriced, name)
	}
	e.Cost.Low += price.Of(l.low.usage)
	e.Cost.High += dearest(price).Of(l.high.usage)
	limits := p.limitsOf(name)
	limits.Concurrency = max(1, min(limits.Concurrency, l.trials))
	e.Duration.Low = max(e.Duration.Low, lasts(l.low, quickTurn, limits))
	e.Duration.High = max(e.Duration.High, lasts(l.high, slowTurn, limits))
}

// dearest returns a price with the higher one of text and audio for each token,
// because the modality of a reply is not known in advance.
func dearest(p cost.Price) cost.Price {
	in, out := max(p.InputText, p.InputAudio), max(p.OutputText, p.OutputAudio)
	return cost.Price{InputText: in, InputAudio: in, OutputText: out, OutputAudio: out}
}

func (p *Plan) limitsOf(target string) scope.Limits {
	for _, t := range p.Targets {
		if t.Name == target {
			return t.Limits
		}
	}
	return scope.Limits{} // a plan defines the targets of its trials
}

// lasts returns the time that trials take within a target's limits: at least
// that of the longest trial.
func lasts(u use, turn time.Duration, l scope.Limits) core.Duration {
	atOnce := int64(l.Concurrency)
	took := time.Duration(max(u.longest, (u.turns+u.waited+atOnce-1)/atOnce)) * turn
	took = max(took, minutes(u.turns, l.RequestsPerMinute))
	return core.Duration(max(took, minutes(u.usage.InputTokens+u.usage.OutputTokens, l.TokensPerMinute)))
}

// minutes returns the time for n requests or tokens at a rate a minute, in
// whole seconds; 0 is no limit.
func minutes(n int64, perMinute int) time.Duration {
	if perMinute == 0 {
		return 0
	}
	return time.Duration(math.Ceil(float64(n)*60/float64(perMinute))) * time.Second
}

// load is the use of a target's trials together, at least and at most.
type load struct {
	trials    int
	low, high use
}

func (l *load) add(one load) {
	l.trials++
	l.low.add(one.low)
	l.high.add(one.high)
}

// use is the use of trials: turns with the target, turns during which another
// target answers, the turns of the longest trial, and tokens.
type use struct {
	turns, waited, longest int64
	usage                  core.Usage
}

// waitFor adds the turns during which a trial waits for its attacker.
func (u *use) waitFor(attacker use) {
	u.waited += attacker.turns
	u.longest += attacker.turns
}

func (u *use) add(v use) {
	u.turns += v.turns
	u.waited += v.waited
	u.longest = max(u.longest, v.longest)
	u.usage = u.usage.Add(v.usage)
}

// use estimates a trial, at least or at most. The input of each turn is the
// whole conversation so far, which is what services count.
func (t *Trial) use(most bool) use {
	before := cost.EstimateUsage(t.History, core.Message{})
	before.InputTokens += cost.TextTokens(len(t.SystemPrompt))
	reply, rounds := int64(shortReply), 0
	turns := t.turns(most)
	switch {
	case most:
		reply = longReply
		rounds = t.toolRounds()
	case t.StopOn == StopSuccess:
		turns = turns[:firstExchange(turns)]
	}
	var u use
	send := func(said core.Usage) {
		before = before.Add(said)
		u.turns++
		u.usage = u.usage.Add(before)
		u.usage.OutputTokens += reply
		before.InputTokens += reply
	}
	for _, turn := range turns {
		var said core.Usage
		for _, part := range turn.Parts {
			said = said.Add(partUsage(part.Value, len(part.Converters) > 0 && most))
		}
		send(said)
		for range rounds {
			send(t.toolTokens())
		}
	}
	u.longest = u.turns
	return u
}

// partUsage estimates a part. A converted text is estimated as a token a byte,
// which covers both speech and encodings.
func partUsage(v core.Value, converted bool) core.Usage {
	if converted && v.Modality == core.Text {
		return core.Usage{InputTokens: int64(len(v.Data))}
	}
	return cost.EstimateUsage([]core.Message{{Parts: []core.Part{{Value: v}}}}, core.Message{})
}

// firstExchange counts the turns that are sent before any reply is judged.
func firstExchange(turns strategy.Script) int {
	for i, turn := range turns {
		if i > 0 && turn.Delivery.InterruptAfter == 0 {
			return i
		}
	}
	return len(turns)
}

// toolRounds is how often tool calls are answered after a turn, at most.
func (t *Trial) toolRounds() int {
	if len(t.ToolResults) == 0 {
		return 0
	}
	return MaxToolRounds
}

// toolTokens are those of one answer to every tool.
func (t *Trial) toolTokens() core.Usage {
	var u core.Usage
	for _, output := range t.ToolResults {
		u.InputTokens += cost.TextTokens(len(output))
	}
	return u
}

// Beyond names the bounds of a scope that the estimate exceeds, or may exceed.
func (e Estimate) Beyond(b scope.Bounds) []string {
	var all []string
	tokens := e.Tokens()
	all = append(all, beyond("max_turns", int64(b.MaxTurns), e.Turns, "%d turns")...)
	all = append(all, beyond("max_tokens", b.MaxTokens, tokens, "%d tokens")...)
	all = append(all, beyond("max_cost", b.MaxCost, e.Cost, "%.4f "+e.Currency)...)
	return append(all, beyond("max_duration", core.Duration(b.MaxDuration), e.Duration, "%s")...)
}

func beyond[T int64 | float64 | core.Duration](name string, most T, r Range[T], format string) []string {
	format = "%s the bound scope.%s of " + format + ": the estimate is " + format + " to " + format
	switch {
	case most == 0 || r.High <= most:
		return nil
	case r.Low > most:
		return []string{fmt.Sprintf(format, "the run is stopped by", name, most, r.Low, r.High)}
	default:
		return []string{fmt.Sprintf(format, "the run may be stopped by", name, most, r.Low, r.High)}
	}
}
