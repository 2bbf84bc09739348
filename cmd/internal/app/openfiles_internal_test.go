package app

import (
	"fmt"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestConversationsAtATimeAreHeldAgainstTheFilesThatMayBeOpen(t *testing.T) {
	type config struct {
		URL     string   `json:"url" format:"uri" doc:"The address."`
		Command []string `json:"command" format:"command" doc:"A program."`
	}
	component := core.NewTarget(core.Info{Name: "any", Summary: "Any.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}, config{}, nil)
	catalog := offered{"any": component}
	const network, program, token = `{"url": "https://a.example"}`, `{"command": ["bot"]}`, `{"url": "https://a.example", "command": ["print-token"]}`
	for name, test := range map[string]struct {
		configs     []string
		concurrency []int
		trials      []int
		most        uint64
		want, hint  string
	}{
		"just as many as there may be":   {[]string{network}, []int{37}, []int{400}, 252, "", ""},
		"one too many":                   {[]string{network}, []int{38}, []int{400}, 257, "38 conversations at a time: about 258 files are open then, and this process may have 257", `limits: {concurrency: 37} for the target "t0", or allow 258 open files (ulimit -n 258)`},
		"no more than there are trials":  {[]string{network}, []int{10_000}, []int{37}, 252, "", ""},
		"an unknown limit":               {[]string{network}, []int{10_000}, []int{10_000}, 0, "", ""},
		"two targets":                    {[]string{network, network}, []int{20, 30}, []int{99, 99}, 256, "50 conversations at a time: about 330 files are open then, and this process may have 256", `limits: {concurrency: 17} for the target "t1", or allow 330 open files (ulimit -n 330)`},
		"a judge is asked by each trial": {[]string{network, network}, []int{30, 100}, []int{99, 0}, 256, "60 conversations at a time: about 390 files are open then, and this process may have 256", `limits: {concurrency: 7} for the target "t0", or allow 390 open files (ulimit -n 390)`},
		"a program":                      {[]string{program}, []int{59}, []int{99}, 256, "", ""},
		"too many programs":              {[]string{program}, []int{60}, []int{99}, 256, "60 conversations at a time: about 260 files are open then, and this process may have 256", `limits: {concurrency: 59} for the target "t0", or allow 260 open files (ulimit -n 260)`},
		"a program that prints a token":  {[]string{token}, []int{59}, []int{99}, 256, "59 conversations at a time: about 384 files are open then, and this process may have 256", `limits: {concurrency: 37} for the target "t0", or allow 384 open files (ulimit -n 384)`},
		"not one fits":                   {[]string{network}, []int{1}, []int{1}, 32, "1 conversation at a time: about 36 files are open then, and this process may have 32", "allow it 36 open files (ulimit -n 36)"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &plan.Plan{}
			for i, config := range test.configs {
				name := fmt.Sprintf("t%d", i)
				p.Targets = append(p.Targets, plan.Target{Component: plan.Component{Name: name, Use: "any", Config: []byte(config)}, Limits: scope.Limits{Concurrency: test.concurrency[i]}})
				for range test.trials[i] {
					p.Trials = append(p.Trials, plan.Trial{Setup: &plan.Setup{Target: name}})
				}
			}
			err := checkOpenFiles(p, catalog, test.most)
			if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if hint := core.HintOf(err); hint != test.hint || err != nil && core.KindOf(err) != core.ErrorConfig {
				t.Errorf("hint %q, want %q", hint, test.hint)
			}
		})
	}
}
