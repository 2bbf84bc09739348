package plan_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	wav "github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// estimated is a plan of so many trials with a target that is attacked four at a
// time. Each word is of eight letters: two tokens.
func estimated(trials int, setup plan.Setup, words ...string) *plan.Plan {
	p := &plan.Plan{
		Targets: []plan.Target{{Component: plan.Component{Name: "agent"}, Limits: scope.Limits{Concurrency: 4}}},
	}
	setup.Target, setup.StopOn = "agent", plan.StopSuccess
	for _, w := range words {
		setup.Turns = append(setup.Turns, strategy.Say(core.TextValue(w)))
	}
	for n := range trials {
		p.Trials = append(p.Trials, plan.Trial{Setup: &setup, Number: n + 1})
	}
	return p
}

const word = "password"

func TestAnEstimateIsARange(t *testing.T) {
	type ints = plan.Range[int64]
	spokenOver := func(p *plan.Plan) {
		for i := range p.Trials {
			p.Trials[i].Turns[1].Delivery.InterruptAfter = time.Second
		}
	}
	for name, test := range map[string]struct {
		plan     *plan.Plan
		change   func(*plan.Plan)
		turns    ints
		in, out  ints
		duration plan.Range[time.Duration]
	}{
		"one turn":               {estimated(1, plan.Setup{}, word), nil, ints{1, 1}, ints{2, 2}, ints{20, 600}, plan.Range[time.Duration]{Low: time.Second, High: 10 * time.Second}},
		"several trials at once": {estimated(6, plan.Setup{}, word), nil, ints{6, 6}, ints{12, 12}, ints{120, 3600}, plan.Range[time.Duration]{Low: 2 * time.Second, High: 20 * time.Second}},
		// Everything said before is read again: 2, then 2+600+2, then 2+600+2+600+2.
		"a conversation": {
			estimated(1, plan.Setup{}, word, word, word), nil,
			ints{1, 3},
			ints{2, 2 + 604 + 1206},
			ints{20, 1800},
			plan.Range[time.Duration]{Low: time.Second, High: 30 * time.Second},
		},
		"a conversation that is held to its end": {
			estimated(1, plan.Setup{}, word, word), func(p *plan.Plan) { p.Trials[0].StopOn = plan.StopNever },
			ints{2, 2},
			ints{2 + 24, 2 + 604},
			ints{40, 1200},
			plan.Range[time.Duration]{Low: 2 * time.Second, High: 20 * time.Second},
		},
		"turns that are said over replies": {
			estimated(1, plan.Setup{}, word, word, word), spokenOver,
			ints{2, 3},
			ints{2 + 24, 2 + 604 + 1206},
			ints{40, 1800},
			plan.Range[time.Duration]{Low: 2 * time.Second, High: 30 * time.Second},
		},
		"a system prompt and a history": {
			estimated(1, plan.Setup{SystemPrompt: word, History: []core.Message{core.UserText(word)}}, word), nil,
			ints{1, 1},
			ints{6, 6},
			ints{20, 600},
			plan.Range[time.Duration]{Low: time.Second, High: 10 * time.Second},
		},
		"a text that is converted": {
			estimated(1, plan.Setup{Turns: strategy.Script{strategy.Say(core.TextValue(word), "speak")}}), nil,
			ints{1, 1},
			ints{2, 8},
			ints{20, 600},
			plan.Range[time.Duration]{Low: time.Second, High: 10 * time.Second},
		},
		"two seconds of sound": {
			estimated(1, plan.Setup{Turns: strategy.Script{strategy.Say(core.WAVValue(wav.EncodeWAV(wav.Silence(2*time.Second, 24_000))))}}), nil,
			ints{1, 1},
			ints{20, 20},
			ints{20, 600},
			plan.Range[time.Duration]{Low: time.Second, High: 10 * time.Second},
		},
		"a target that may call tools": {
			estimated(1, plan.Setup{ToolResults: map[string]string{"look": word}}, word), nil,
			// Eight rounds, each of which reads 602 more: 9*2 + 602*(1+…+8).
			ints{1, 9},
			ints{2, 9*2 + 602*36},
			ints{20, 5400},
			plan.Range[time.Duration]{Low: time.Second, High: 90 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.change != nil {
				test.change(test.plan)
			}
			got := test.plan.Estimate()
			want := plan.Estimate{
				Trials: len(test.plan.Trials), Turns: test.turns, InputTokens: test.in, OutputTokens: test.out, Unpriced: []string{"agent"},
				Duration: plan.Range[core.Duration]{Low: core.Duration(test.duration.Low), High: core.Duration(test.duration.High)},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestTheTimeIsThatOfTheLimits(t *testing.T) {
	for name, test := range map[string]struct {
		limits    scope.Limits
		low, high time.Duration
	}{
		"concurrency":     {scope.Limits{Concurrency: 2}, 3 * time.Second, 60 * time.Second},
		"requests":        {scope.Limits{Concurrency: 4, RequestsPerMinute: 6}, time.Minute, 2 * time.Minute},
		"tokens":          {scope.Limits{Concurrency: 4, TokensPerMinute: 1000}, 8 * time.Second, 651 * time.Second},
		"more than it is": {scope.Limits{Concurrency: 4, RequestsPerMinute: 6000}, 2 * time.Second, 30 * time.Second},
	} {
		p := estimated(6, plan.Setup{}, word, word)
		p.Targets[0].Limits = test.limits
		got := p.Estimate().Duration
		if got.Low.Std() != test.low || got.High.Std() != test.high {
			t.Errorf("%s: %s to %s, want %s to %s", name, got.Low, got.High, test.low, test.high)
		}
	}
}

func TestTheCostIsAtMostThatOfTheDearerSortOfTokens(t *testing.T) {
	p := estimated(1, plan.Setup{}, strings.Repeat(word, 50))
	p.Prices = cost.Prices{Currency: "USD", Targets: map[string]cost.Price{
		"agent": {InputText: 1000, OutputText: 2000, InputAudio: 3000, OutputAudio: 4000},
	}}
	got := p.Estimate()
	if low, high := fmt.Sprintf("%.4f", got.Cost.Low), fmt.Sprintf("%.4f", got.Cost.High); low != "0.1400" || high != "2.7000" || got.Currency != "USD" {
		t.Errorf("cost %s to %s %s, want 0.1400 to 2.7000 USD", low, high, got.Currency)
	}
	if len(got.Unpriced) > 0 {
		t.Errorf("no price for %v", got.Unpriced)
	}
}

func TestAnEstimateAboveABoundIsSaid(t *testing.T) {
	e := estimated(6, plan.Setup{}, word, word).Estimate() // 6 to 12 turns
	for name, test := range map[string]struct {
		scope scope.Bounds
		want  string
	}{
		"below all":        {scope.Bounds{MaxTurns: 12, MaxTokens: 1_000_000, MaxCost: 1, MaxDuration: time.Hour}, ""},
		"at most above it": {scope.Bounds{MaxTurns: 11}, "the run may be stopped by the bound scope.max_turns of 11 turns: the estimate is 6 turns to 12 turns"},
		"at least above":   {scope.Bounds{MaxTokens: 10}, "the run is stopped by the bound scope.max_tokens of 10 tokens: the estimate is 132 tokens to 10836 tokens"},
		"the time":         {scope.Bounds{MaxDuration: 5 * time.Second}, "the run may be stopped by the bound scope.max_duration of 5s: the estimate is 2s to 30s"},
	} {
		if got := strings.Join(e.Beyond(test.scope), "\n"); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestWhoAsksTargetsOfItsOwnIsNotCounted(t *testing.T) {
	p, err := plan.New(read(t, judged(`{model: judge}`, `{model: third}`, plain)), judging(t), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`converter "reword"`, `scorer "leaked"`}, p.Estimate().NotCounted); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
