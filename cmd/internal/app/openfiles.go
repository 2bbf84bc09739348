package app

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// The files that a process has open at a time, as measured: a conversation over the
// network takes two sockets and two pairs of pipes of the egress proxy; one with a
// program takes the ends of its streams in the plugin's process.
const (
	filesOfHost         = 30
	filesOfPlugin       = 20
	filesOfConversation = 6
	filesOfProgram      = 4
)

// checkOpenFiles returns an error where the conversations that a plan holds at a time
// may need more open files than this process, and the plugins that it starts, may have;
// nil where it is known that they do not, or most, the limit, is 0: unknown.
func checkOpenFiles(p *plan.Plan, catalog plan.Catalog, most uint64) error {
	if most == 0 {
		return nil
	}
	var network, programs int
	var largest plan.Target
	for _, t := range conversing(p) {
		if isProgram(catalog, t) {
			programs += t.Limits.Concurrency
		} else {
			network += t.Limits.Concurrency
		}
		if t.Limits.Concurrency > largest.Limits.Concurrency {
			largest = t
		}
	}
	each, base, others := filesOfConversation, filesOfHost, network
	need := filesOfHost + filesOfConversation*network
	if n := filesOfPlugin + filesOfProgram*programs; n > need {
		each, base, others, need = filesOfProgram, filesOfPlugin, programs, n
	}
	if uint64(need) <= most {
		return nil
	}
	fit := (int(most)-base)/each - (others - largest.Limits.Concurrency)
	err := core.Errorf(core.ErrorConfig, "%s at a time: about %d files are open then, and this process may have %d",
		phrase.Count(network+programs, "conversation"), need, most)
	if fit < 1 {
		return err.WithHint("allow it %d open files (ulimit -n %d)", need, need)
	}
	return err.WithHint("limits: {concurrency: %d} for the target %q, or allow %d open files (ulimit -n %d)", fit, largest.Name, need, need)
}

// conversing returns the targets of a plan, each with the number of conversations that
// are held with it at a time as its concurrency. With one that converters, scorers or
// attackers ask, there is at most one for each trial in progress.
func conversing(p *plan.Plan) []plan.Target {
	trials := map[string]int{}
	for i := range p.Trials {
		trials[p.Trials[i].Target]++
	}
	atOnce := 0
	var all []plan.Target
	for _, t := range p.Targets {
		if n := trials[t.Name]; n > 0 {
			t.Limits.Concurrency = min(max(1, t.Limits.Concurrency), n)
			atOnce += t.Limits.Concurrency
			all = append(all, t)
		}
	}
	for _, t := range p.Targets {
		if trials[t.Name] == 0 {
			t.Limits.Concurrency = min(max(1, t.Limits.Concurrency), atOnce)
			all = append(all, t)
		}
	}
	return all
}

// isProgram reports whether conversations with a target are held with a program on this
// machine, and not over the network.
func isProgram(catalog plan.Catalog, t plan.Target) bool {
	_, config, ok := catalog.Lookup(core.KindTarget, t.Use)
	return ok && len(config.Programs(t.Config)) > 0 && len(plan.Places(config, t.Config)) == 0
}
