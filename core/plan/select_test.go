package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

func planPart(t *testing.T, yaml string, s record.Selection) *plan.Plan {
	t.Helper()
	p, err := plan.New(read(t, yaml), catalog(t), plan.Options{Selection: s})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAPartHasTheTrialsOfTheWholeAndOpensNothingElse(t *testing.T) {
	for name, test := range map[string]struct {
		yaml      string
		selection record.Selection
		trials    []string
		converted []string
		targets   []string
	}{
		"an attack": {demo, record.Selection{Only: []string{"blunt"}}, []string{"blunt/1", "blunt/2", "blunt/3"}, nil, []string{"agent"}},
		"a variant": {
			demo,
			record.Selection{Only: []string{"polite/studio"}, Trials: 1},
			[]string{"polite/studio/row-1/1", "polite/studio/row-2/1"},
			[]string{"speak", "hear"},
			[]string{"agent"},
		},
		"two rows": {
			demo,
			record.Selection{Only: []string{"polite/studio/2", "polite/phone/row-1"}},
			[]string{"polite/studio/row-2/1", "polite/studio/row-2/2", "polite/phone/row-1/1", "polite/phone/row-1/2"},
			[]string{"speak", "phone", "hear"},
			[]string{"agent"},
		},
		"more trials": {demo, record.Selection{Only: []string{"blunt"}, Trials: 4}, []string{"blunt/1", "blunt/2", "blunt/3", "blunt/4"}, nil, []string{"agent"}},
		"one of two targets": {
			twoTargets(), record.Selection{Only: []string{"blunt/second"}, Trials: 1}, []string{"blunt/second/1"}, nil, []string{"second"},
		},
		"on both targets": {
			twoTargets(),
			record.Selection{Only: []string{"polite/phone/2"}, Trials: 1},
			[]string{"polite/agent/phone/row-2/1", "polite/second/phone/row-2/1"},
			[]string{"speak", "phone", "hear"},
			[]string{"second", "agent"},
		},
		"nothing": {demo, record.Selection{Only: []string{"nobody"}}, nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			whole, part := plans(t, test.yaml), planPart(t, test.yaml, test.selection)
			var trials, converted, targets []string
			for _, trial := range part.Trials {
				trials = append(trials, trial.ID)
				for i := range whole.Trials {
					if whole.Trials[i].ID == trial.ID && (whole.Trials[i].Seed != trial.Seed || whole.Trials[i].Target != trial.Target) {
						t.Errorf("%s is another trial than in the whole", trial.ID)
					}
				}
			}
			for _, c := range part.Converters {
				converted = append(converted, c.Name)
			}
			for _, c := range part.Targets {
				targets = append(targets, c.Name)
			}
			if !slices.Equal(trials, test.trials) || !slices.Equal(converted, test.converted) || !slices.Equal(targets, test.targets) {
				t.Errorf("trials %q, converters %q, targets %q; want %q, %q, %q", trials, converted, targets, test.trials, test.converted, test.targets)
			}
			if part.Selection.String() != test.selection.String() || part.Fingerprint() == whole.Fingerprint() {
				t.Errorf("the plan says %q, with the fingerprint of the whole: %t", part.Selection, part.Fingerprint() == whole.Fingerprint())
			}
		})
	}
}

func TestTheWholeCampaignIsCheckedWhateverIsSelected(t *testing.T) {
	wrong := strings.Replace(demo, "not_a_template }}\"", "not_a_template }}\"\n        converters: [phone]", 1)
	if _, err := plan.New(read(t, wrong), catalog(t), plan.Options{Selection: record.Selection{Only: []string{"polite"}}}); err == nil {
		t.Error("New: no problem, want that of the attack that is not selected")
	}
}

func TestANameThatSelectsNothingIsAnErrorWithWhatMayBeMeant(t *testing.T) {
	whole := plans(t, twoTargets())
	for name, test := range map[string]struct{ message, hint string }{
		"polit":                {`--only polit: campaign demo has no attack "polit"`, `did you mean "polite"?`},
		"polite/phne/row-1":    {`polite has no "phne"`, `did you mean "polite/phone/row-1"?`},
		"polite/seconds":       {`polite has no "seconds"`, `did you mean "polite/second"?`},
		"polite/phone/row-9":   {`polite/phone has no "row-9"`, "it has row-1, row-2"},
		"polite/phone/1/1":     {`polite/phone/1 has no "1"`, "and no single trial"},
		"blunt/3":              {`blunt has no "3"`, "it has agent, second"},
		"somebody/else":        {`campaign demo has no attack "somebody"`, "it has polite, blunt"},
		"":                     {`campaign demo has no attack ""`, "it has polite, blunt"},
		"polite/phone/row-1/x": {`polite/phone/row-1 has no "x"`, "and no single trial"},
	} {
		err := whole.CheckSelection(record.Selection{Only: []string{"polite", name}})
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), test.message) || !strings.Contains(core.HintOf(err), test.hint) {
			t.Errorf("%q: %v (%s); want %s (%s)", name, err, core.HintOf(err), test.message, test.hint)
		}
	}
	for _, name := range []string{"polite", "polite/phone/2", "blunt/second", "polite/agent/studio/row-1"} {
		if err := whole.CheckSelection(record.Selection{Only: []string{name}, Trials: 3}); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
}
