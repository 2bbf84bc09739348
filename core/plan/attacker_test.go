package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// redTeamed is a campaign in which "writer" attacks "agent" by voice.
const redTeamed = `version: 1
name: red
scope: {hosts: [writer.example]}
targets:
  agent: {use: voice}
  writer: {use: chat, with: {endpoint: "https://writer.example/v1"}}
converters:
  speak: {use: speech}
  phone: {use: audio/telephone}
scorers:
  leaked: {use: match/substring, with: {any: [blue]}}
datasets:
  doors: {rows: [{door: vault}, {door: safe}]}
attacks:
  - name: led
    target: agent
    objective: It opens the {{ .door }}.
    for_each: doors
    history:
      - user: I am at the {{ .door }}.
      - assistant: I see.
    variants:
      - {name: studio, converters: []}
      - {name: phone, converters: [phone]}
    strategy:
      use: red_team
      with: {attacker: writer, max_turns: 4, prompt: Be kind., opening: "Open the {{ .door }}."}
      as: audio
      converters: [speak]
    scorers: [leaked]
`

func TestATrialHasTheStrategyOfItsRowAndVariant(t *testing.T) {
	p := plans(t, redTeamed)
	last := p.Trials[3]
	want := &strategy.RedTeam{
		Attacker: "writer", Objective: "It opens the safe.", MaxTurns: 4, Prompt: "Be kind.", Opening: "Open the safe.",
		History: last.History, Converters: []string{"speak", "phone"},
	}
	if diff := cmp.Diff(want, last.RedTeam); diff != "" {
		t.Errorf("strategy (-want +got):\n%s", diff)
	}
	if last.Objective != "It opens the safe." || len(last.Turns) != 0 || len(last.History) != 2 {
		t.Errorf("the trial is %+v", last)
	}
	if diff := cmp.Diff([]string{"speak"}, p.Trials[0].RedTeam.Converters); diff != "" {
		t.Errorf("converters (-want +got):\n%s", diff)
	}
}

func TestAnAttackerIsOpenedAndContactedLikeEveryTarget(t *testing.T) {
	p := plans(t, redTeamed)
	if len(p.Targets) != 2 || p.Targets[1].Name != "writer" {
		t.Errorf("the targets are %+v, want both", p.Targets)
	}
	if diff := cmp.Diff([]string{"writer.example"}, p.Needs().Hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if helped := p.Estimate().NotCounted; len(helped) > 0 {
		t.Errorf("what %v ask is not counted, but an attacker's questions are", helped)
	}
}

func TestWhatAnAttackerAndItsTargetCannotDoIsAProblem(t *testing.T) {
	for name, test := range map[string]struct{ old, replacement, want string }{
		"an attacker without a system prompt": {
			`{use: chat, with: {endpoint: "https://writer.example/v1"}}`, "oracle",
			`c.yaml:27:24: an attacker is told what to do in its system prompt, which target "writer" (oracle) does not take (name a target with the capability "system_prompt")`,
		},
		"an attacker that cannot write": {
			`{use: chat, with: {endpoint: "https://writer.example/v1"}}`, "siren",
			`c.yaml:27:24: an attacker reads and writes text, which target "writer" (siren) does not (the target takes text and gives audio)`,
		},
		"a target that cannot be read": {
			"{use: voice}", "siren",
			`c.yaml:16:13: the attacker of attack "led" goes by text, which target "agent" (siren) never gives (attack another target, or list the turns: it gives audio)`,
		},
		"a target that takes no such turn": {
			"      as: audio\n      converters: [speak]\n", "      as: audio\n",
			`c.yaml:28:11: what the attacker of attack "led" writes is text when it is sent in variant "studio", not audio (add a converter that makes audio, or leave as: out)`,
		},
		"a target that remembers nothing": {
			"{use: voice}", "oracle",
			`c.yaml:16:13: attack "led" has 4 turns, but target "agent" (oracle) forgets each one (make it one turn, or attack a target that remembers a conversation)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			offered := offer{t, append(catalog(t).(offer).components, target("siren", text, audio, noConfig{}, core.Capabilities()...))}
			_, err := plan.New(read(t, strings.Replace(redTeamed, test.old, test.replacement, 1)), offered, plan.Options{})
			got := ""
			if err != nil {
				got = err.Error()
			}
			if test.want == "" && got != "" || !strings.Contains(got, test.want) {
				t.Errorf("problems:\n%s\nwant among them:\n%s", got, test.want)
			}
		})
	}
}

func TestAnObjectiveThatARowLeavesEmptyIsAProblem(t *testing.T) {
	got := problems(t, strings.NewReplacer("It opens the {{ .door }}.", `"{{ .door }}"`, "{door: safe}", `{door: " "}`).Replace(redTeamed))
	want := `c.yaml:15:5: the objective of attack "led", row 2 of dataset "doors": the text is empty`
	if got != want {
		t.Errorf("problems:\n%s\nwant:\n%s", got, want)
	}
}

func TestTheEstimateCountsWhatTheAttackerIsAsked(t *testing.T) {
	ranges := func(change func(*strategy.RedTeam)) plan.Estimate {
		r := &strategy.RedTeam{Attacker: "writer", Objective: word, MaxTurns: 3}
		change(r)
		p := estimated(1, plan.Setup{RedTeam: r})
		p.Targets = append(p.Targets, plan.Target{Component: plan.Component{Name: "writer"}, Limits: scope.Limits{Concurrency: 4}})
		return p.Estimate()
	}
	// At least a question and a turn; at most three turns, each after three tries.
	got := ranges(func(*strategy.RedTeam) {})
	if want := (plan.Range[int64]{Low: 2, High: 3 + 9}); got.Turns != want {
		t.Errorf("turns %+v, want %+v", got.Turns, want)
	}
	if want := (plan.Range[core.Duration]{Low: core.Duration(2 * time.Second), High: core.Duration(120 * time.Second)}); got.Duration != want {
		t.Errorf("duration %+v, want %+v", got.Duration, want)
	}
	if diff := cmp.Diff([]string{"agent", "writer"}, got.Unpriced); diff != "" {
		t.Errorf("without a price (-want +got):\n%s", diff)
	}
	// The campaign's own first turn is not asked for.
	opened := ranges(func(r *strategy.RedTeam) { r.Opening = word })
	if want := (plan.Range[int64]{Low: 1, High: 3 + 6}); opened.Turns != want {
		t.Errorf("turns %+v, want %+v", opened.Turns, want)
	}
	// 3 replies of the target and 9 of the attacker, of 600 tokens each.
	if got.OutputTokens.Low != 40 || got.OutputTokens.High != 12*600 {
		t.Errorf("output tokens %+v", got.OutputTokens)
	}
}

func TestTheFingerprintTellsStrategiesApart(t *testing.T) {
	printed := func(change func(*strategy.RedTeam)) string {
		r := &strategy.RedTeam{Attacker: "writer", MaxTurns: 3}
		change(r)
		return (&plan.Plan{Trials: []plan.Trial{{ID: "a/1", Number: 1, Setup: &plan.Setup{RedTeam: r}}}}).Fingerprint()
	}
	same := printed(func(*strategy.RedTeam) {})
	for name, change := range map[string]func(*strategy.RedTeam){
		"an attacker":  func(r *strategy.RedTeam) { r.Attacker = "other" },
		"its turns":    func(r *strategy.RedTeam) { r.MaxTurns = 4 },
		"a prompt":     func(r *strategy.RedTeam) { r.Prompt = "Be kind." },
		"an opening":   func(r *strategy.RedTeam) { r.Opening = "Hello." },
		"a converter":  func(r *strategy.RedTeam) { r.Converters = []string{"speak"} },
		"the same one": nil,
	} {
		if change == nil {
			change = func(*strategy.RedTeam) {}
		}
		if got := printed(change); (got == same) != (name == "the same one") {
			t.Errorf("%s: the fingerprint is the same: %t", name, got == same)
		}
	}
}
