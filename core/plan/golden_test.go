package plan_test

import (
	"math"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	wav "github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

// What a seed is derived from may not change: a run with a seed, and its replay,
// would be another one in another version of the program. The values were computed
// apart from this code: the first eight bytes, big endian, of the SHA-256 of
// NAME + "\x00" + TRIAL, where NAME is "seed N" for a campaign that has a seed.
func TestSeedsAreThoseOfEveryVersion(t *testing.T) {
	for name, test := range map[string]struct {
		seed string
		want map[string]uint64
	}{
		"by the campaign's name": {"", map[string]uint64{"polite/studio/row-1/1": 14769865371427176036, "polite/phone/row-2/2": 6991919002237684086, "blunt/3": 10210804562586153320}},
		"by its seed":            {"\nseed: 7", map[string]uint64{"polite/studio/row-1/1": 877253581584699101, "polite/phone/row-2/2": 14696596381517925237, "blunt/3": 5552964047524919144}},
		"by the seed 0":          {"\nseed: 0", map[string]uint64{"polite/studio/row-1/1": 8558644571569097843, "polite/phone/row-2/2": 6528394661477270692, "blunt/3": 17031779769117949909}},
		"by the largest seed":    {"\nseed: 9223372036854775807", map[string]uint64{"polite/studio/row-1/1": 3415302479779364998, "polite/phone/row-2/2": 3160544028010382489, "blunt/3": 8868627823386966161}},
	} {
		t.Run(name, func(t *testing.T) {
			found := 0
			for _, trial := range plans(t, strings.Replace(demo, "name: demo", "name: demo"+test.seed, 1)).Trials {
				want, ok := test.want[trial.ID]
				if ok && trial.Seed != want {
					t.Errorf("the seed of %s is %d, want %d", trial.ID, trial.Seed, want)
				}
				if ok {
					found++
				}
			}
			if found != len(test.want) {
				t.Errorf("%d of %d trials are there", found, len(test.want))
			}
		})
	}
}

// Another fingerprint of the same plan would make every run of an older version
// impossible to resume.
func TestFingerprintsAreThoseOfEveryVersion(t *testing.T) {
	prompt := "Be terse."
	all := plan.Setup{
		Attack: "a", Target: "agent", Objective: "The agent tells the code.", SystemPrompt: "Guard it.",
		History:     []core.Message{core.UserText("hi"), {Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("hello")}}}},
		ToolResults: map[string]string{"open": "no", "close": ""}, Scorers: []string{"leaked", "spoken"}, StopOn: plan.StopSuccess,
		Turns: strategy.Script{
			strategy.Say(core.TextValue("hello"), "leet", "speak"),
			{
				Parts:    []strategy.Part{{Value: core.WAVValue(wav.EncodeWAV(wav.Clip{Rate: 8000, Samples: make([]int16, 8)}))}, {Value: core.TextValue("\x00 \"quoted\"")}},
				Delivery: core.Delivery{SystemPrompt: &prompt, Stream: true, InterruptAfter: 1500, OutOfBand: true},
			},
		},
	}
	attacked := plan.Setup{Attack: "b", Target: "agent", StopOn: plan.StopNever, RedTeam: &strategy.RedTeam{
		Attacker: "judge", Objective: "o", MaxTurns: 4, Prompt: "Be kind.", Opening: "Hello.", Converters: []string{"leet"},
	}}
	for name, test := range map[string]struct {
		plan *plan.Plan
		want string
	}{
		"of a campaign":   {plans(t, demo), "4613f90b4b180d92b697997d8ebb21c0e175325a514e443cd4b9141d5dbd2613"},
		"of all there is": {&plan.Plan{Trials: []plan.Trial{{Setup: &all, ID: "a/1", Number: 1, Seed: 7}, {Setup: &all, ID: "a/2", Number: 2, Seed: math.MaxUint64}}}, "35b6da0fe7f6bec591bc7e8d37cdc8f799f8bd08f2fe79a5a1e5025e4efbfb2b"},
		"of an attacker":  {&plan.Plan{Trials: []plan.Trial{{Setup: &attacked, ID: "b/1", Number: 1}}}, "1ef90b565e403ec1e205a6ad531bb86619da0cca14b89fd79135be29310290d1"},
		"of nothing":      {&plan.Plan{}, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	} {
		if got := test.plan.Fingerprint(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
