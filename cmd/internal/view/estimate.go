package view

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Estimate is what is known of a run before anything is sent. It can be encoded
// as JSON.
type Estimate struct {
	Campaign string `json:"campaign"`
	plan.Estimate
	Attacks       []PlannedAttack `json:"attacks"`
	Authorization string          `json:"authorization,omitempty"`
	Hosts         []string        `json:"hosts"`
	Plugins       []string        `json:"plugins"`
	Window        string          `json:"window"`
	// Plain are the components that speak to another machine in the clear, with
	// the address, such as: target "agent" to agent.example:8000.
	Plain []string `json:"plain,omitempty"`
	// Values are the parameters, and the settings that the environment gives.
	Values []PlannedValue `json:"values,omitempty"`
}

// PlannedValue is a parameter, or a setting of a component that the environment gives.
type PlannedValue struct {
	// Component is "" for a parameter.
	Component string `json:"component,omitempty"`
	Name      string `json:"name"`
	Value     string `json:"value"`
	Source    string `json:"source"`
}

// PlannedAttack counts the trials of an attack.
type PlannedAttack struct {
	Name   string `json:"name"`
	Trials int    `json:"trials"`
	// Targets are those that it attacks, in the order of the campaign.
	Targets []string `json:"targets"`
}

// NewEstimate returns the estimate of a plan at a time. plugins are those that
// a run would use, and given what its campaign is given.
func NewEstimate(p *plan.Plan, authorization string, given []store.Value, plugins []string, now time.Time) Estimate {
	var values []PlannedValue
	for _, v := range given {
		values = append(values, PlannedValue{Component: v.Definition, Name: v.Name, Value: v.Value, Source: v.Source})
	}
	return Estimate{
		Campaign: p.Name, Estimate: p.Estimate(), Authorization: authorization,
		Hosts: p.Needs().Hosts, Plugins: plugins, Attacks: attacksOf(p), Window: windowOf(p.Bounds.Window, now), Plain: plainOf(p), Values: values,
	}
}

func plainOf(p *plan.Plan) []string {
	var all []string
	for _, a := range p.Plain() {
		all = append(all, fmt.Sprintf("%s to %s", a.Definition, a.Host))
	}
	return all
}

func attacksOf(p *plan.Plan) []PlannedAttack {
	var all []PlannedAttack
	for i := range p.Trials {
		if name := p.Trials[i].Attack; len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, PlannedAttack{Name: name})
		}
		last := &all[len(all)-1]
		last.Trials++
		if n := len(last.Targets); n == 0 || last.Targets[n-1] != p.Trials[i].Target {
			last.Targets = append(last.Targets, p.Trials[i].Target)
		}
	}
	return all
}

// windowOf describes the hours in which runs are allowed, and whether now is in
// them.
func windowOf(w *scope.Window, now time.Time) string {
	const layout = "Mon 2 Jan 2006 at 15:04 MST"
	if w == nil {
		return "any time"
	}
	end, open := w.Closes(now)
	switch {
	case !open:
		return fmt.Sprintf("%s: closed; it opens on %s", w, w.Opens(now).Format(layout))
	case end.IsZero():
		return fmt.Sprintf("%s: open", w)
	default:
		return fmt.Sprintf("%s: open until %s", w, end.Format(layout))
	}
}

// Write prints the estimate with the bounds that a run keeps to.
func (o Estimate) Write(w io.Writer, b scope.Bounds) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-13s  %s\n", name, fmt.Sprintf(format, args...))
	}
	attacks := make([]string, len(o.Attacks))
	for i, a := range o.Attacks {
		attacks[i] = fmt.Sprintf("%s %d", a.Name, a.Trials)
		if len(a.Targets) > 1 {
			attacks[i] += " on " + strings.Join(a.Targets, " and ")
		}
	}
	tokens := o.Tokens()
	line("campaign", "%s", o.Campaign)
	line("trials", "%d (%s)", o.Trials, strings.Join(attacks, ", "))
	for _, v := range o.Values {
		line("given", "%s", store.Value{Definition: v.Component, Name: v.Name, Value: v.Value, Source: v.Source})
	}
	line("turns", "%s", rangeOf("%d", o.Turns))
	line("tokens", "%s (input %s, output %s)", rangeOf("%d", tokens), rangeOf("%d", o.InputTokens), rangeOf("%d", o.OutputTokens))
	line("cost", "%s", o.cost())
	line("time", "%s", rangeOf("%s", o.Duration))
	if len(o.NotCounted) > 0 {
		line("not counted", "what is asked of targets by %s", strings.Join(o.NotCounted, ", "))
	}
	line("authorization", "%s", cmp.Or(o.Authorization, "none"))
	line("bounds", "%s", boundsOf(b, o.Currency))
	line("window", "%s", o.Window)
	line("hosts", "%s", cmp.Or(strings.Join(o.Hosts, ", "), "none"))
	for _, plain := range o.Plain {
		line("in the clear", "%s", plain)
	}
	line("plugins", "%s", cmp.Or(strings.Join(o.Plugins, ", "), "none"))
}

func (o Estimate) cost() string {
	if o.Currency == "" {
		return "unknown: the campaign has no prices"
	}
	cost := rangeOf("%.4f", o.Cost) + " " + o.Currency
	if len(o.Unpriced) > 0 {
		cost += ", without " + strings.Join(o.Unpriced, ", ") + ": no price"
	}
	return cost
}

// rangeOf formats a range; if both ends are equal, as one value.
func rangeOf[T cmp.Ordered](format string, r plan.Range[T]) string {
	low, high := fmt.Sprintf(format, r.Low), fmt.Sprintf(format, r.High)
	if low == high {
		return low
	}
	return low + " to " + high
}

func boundsOf(b scope.Bounds, currency string) string {
	var all []string
	if b.MaxTurns > 0 {
		all = append(all, fmt.Sprintf("max_turns %d", b.MaxTurns))
	}
	if b.MaxDuration > 0 {
		all = append(all, fmt.Sprintf("max_duration %s", b.MaxDuration))
	}
	if b.MaxTokens > 0 {
		all = append(all, fmt.Sprintf("max_tokens %d", b.MaxTokens))
	}
	if b.MaxCost > 0 {
		all = append(all, fmt.Sprintf("max_cost %v %s", b.MaxCost, currency))
	}
	return cmp.Or(strings.Join(all, ", "), "none")
}
