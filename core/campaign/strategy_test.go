package campaign_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// led is a sound campaign with a second target, and an attack whose strategy is
// given in YAML's flow style.
func led(strategy string) string {
	return strings.Replace(with(`name: a
target: agent
objective: It says {{ .text }}.
for_each: openers
strategy: `+strategy+`
scorers: [leaked]`), "targets: {agent: realtime}", "targets: {agent: realtime, writer: chat}", 1)
}

func TestAnAttackMayLeaveItsTurnsToAnAttacker(t *testing.T) {
	source := led("{use: red_team, with: {attacker: writer, max_turns: 5, prompt: {file: p.md}, opening: \"{{ .text }}!\"}, as: audio, converters: [speak]}")
	c, err := read(t, source, map[string]string{"p.md": "You are a customer.\n"})
	if err != nil {
		t.Fatal(err)
	}
	a := c.Attacks[0]
	options := []cmp.Option{cmpopts.IgnoreTypes(yamlfile.Position{}), cmpopts.IgnoreUnexported(campaign.Text{}, campaign.Turn{})}
	want := &campaign.RedTeam{Attacker: campaign.Reference{Name: "writer"}, MaxTurns: 5, Prompt: "You are a customer.\n", Opens: true}
	if diff := cmp.Diff(want, a.RedTeam, options...); diff != "" {
		t.Errorf("strategy (-want +got):\n%s", diff)
	}
	each := []campaign.Turn{{Parts: []campaign.Part{{User: written("{{ .text }}!"), As: core.Audio, Converters: []campaign.Reference{{Name: "speak"}}}}}}
	if diff := cmp.Diff(each, a.Turns, options...); diff != "" {
		t.Errorf("each turn (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(written("It says {{ .text }}."), a.Objective, options...); diff != "" {
		t.Errorf("objective (-want +got):\n%s", diff)
	}
	if len(c.Files) != 1 || c.Files[0].Name != "p.md" {
		t.Errorf("files %+v, want the prompt's", c.Files)
	}
}

func TestWhatIsWrongWithAStrategyIsSaidWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ strategy, want string }{
		"another strategy":           {"{use: red_tam, with: {}}", `12:21: use must be one of red_team, not "red_tam" (did you mean "red_team"?)`},
		"one that is planned":        {"{use: tap, with: {}}", `12:21: strategy "tap" is not supported by this version (the strategies are red_team)`},
		"the listed turns":           {"{use: script}", `12:21: script is the strategy of an attack with turns (list what is said under turns:)`},
		"no name":                    {"{with: {attacker: writer, max_turns: 5}}", `12:15: strategy needs the key "use"`},
		"no configuration":           {"{use: red_team}", `12:15: strategy needs the key "with" (such as with: {attacker: NAME, max_turns: 5})`},
		"no attacker":                {"{use: red_team, with: {max_turns: 5}}", `12:37: with needs the key "attacker"`},
		"no end":                     {"{use: red_team, with: {attacker: writer}}", `12:37: with needs the key "max_turns"`},
		"no turn":                    {"{use: red_team, with: {attacker: writer, max_turns: 0}}", `12:67: max_turns must be a whole number from 1 to 1000, not the number 0`},
		"an unknown key":             {"{use: red_team, with: {attacker: writer, max_turns: 5, promt: x}}", `12:70: unknown key "promt" (did you mean "prompt"?)`},
		"an attacker that is not":    {"{use: red_team, with: {attacker: writr, max_turns: 5}}", `12:48: target "writr" is not defined (did you mean "writer"?)`},
		"the target itself":          {"{use: red_team, with: {attacker: agent, max_turns: 5}}", `12:48: target "agent" cannot attack itself (define a second target for it, with the same address if need be)`},
		"a converter that is not":    {"{use: red_team, with: {attacker: writer, max_turns: 5}, converters: [speek]}", `12:84: converter "speek" is not defined (did you mean "speak"?)`},
		"a column that is not":       {`{use: red_team, with: {attacker: writer, max_turns: 5, opening: "{{ .txt }}"}}`, `12:83: dataset "openers" has no column "txt" (did you mean "text"?)`},
		"no prompt":                  {"{use: red_team, with: {attacker: writer, max_turns: 5, prompt: ''}}", `12:78: prompt must not be empty`},
		"a delivery":                 {"{use: red_team, with: {attacker: writer, max_turns: 5}, stream: true}", `12:71: unknown key "stream" (the keys here are use, with, as, converters)`},
		"turns beside the strategy":  {"{use: red_team, with: {attacker: writer, max_turns: 5}}\nturns: [{user: hello}]", `13:12: an attack has one of the keys turns, strategy, not several (list what is said, or leave it to a strategy)`},
		"a strategy that is no such": {"red_team", `12:15: strategy must be a mapping, not "red_team"`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, led(test.strategy), nil)
			if got := first(t, err); got != test.want {
				t.Errorf("the first problem is\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestAnAttackNeedsTurnsOrAStrategyAndAnObjective(t *testing.T) {
	for source, want := range map[string]string{
		strings.Replace(sound, "turns: [{user: hello}]\n", "", 1): `8:5: attacks[0] needs one of the keys turns, strategy`,
		strings.Replace(sound, "objective: x\n", "", 1):           `8:5: attacks[0] needs the key "objective"`,
	} {
		_, err := read(t, with(source), nil)
		if got := first(t, err); got != want {
			t.Errorf("the first problem is\n%s\nwant\n%s", got, want)
		}
	}
}
