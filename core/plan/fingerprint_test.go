package plan_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

func TestTheFingerprintTellsPlansApart(t *testing.T) {
	trials := func(change func([]plan.Trial)) string {
		all := []plan.Trial{
			{ID: "a/1", Number: 1, Seed: 7, Setup: &plan.Setup{Attack: "a", Target: "agent", Turns: strategy.Script{strategy.Say(core.TextValue("hello"), "leet")}}},
			{ID: "a/2", Number: 2, Seed: 8, Setup: &plan.Setup{Attack: "a", Target: "agent"}},
		}
		change(all)
		return (&plan.Plan{Trials: all}).Fingerprint()
	}
	same := trials(func([]plan.Trial) {})
	if again := trials(func([]plan.Trial) {}); again != same {
		t.Errorf("the same trials give %s and %s", same, again)
	}
	for name, change := range map[string]func([]plan.Trial){
		"an ID":     func(all []plan.Trial) { all[1].ID = "a/3" },
		"a seed":    func(all []plan.Trial) { all[1].Seed++ },
		"a target":  func(all []plan.Trial) { all[1].Target = "other" },
		"a prompt":  func(all []plan.Trial) { all[0].SystemPrompt = "Guard it." },
		"a history": func(all []plan.Trial) { all[0].History = []core.Message{core.UserText("hi")} },
		"a tool":    func(all []plan.Trial) { all[0].ToolResults = map[string]string{"open": "no"} },
		"a turn":    func(all []plan.Trial) { all[0].Turns[0].Parts[0].Value = core.TextValue("hullo") },
		"a converter": func(all []plan.Trial) {
			all[0].Turns[0].Parts[0].Converters = nil
		},
		"a delivery": func(all []plan.Trial) { all[0].Turns[0].Delivery.Stream = true },
	} {
		if trials(change) == same {
			t.Errorf("another plan, by %s, has the same fingerprint", name)
		}
	}
}
