package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newPlanCommand(env Env) *cobra.Command {
	var (
		flags  campaignFlags
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "plan CAMPAIGN",
		Short: "Estimate what a run of a campaign would do and cost, without sending anything",
		Args:  takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return planCampaign(cmd.Context(), env, given[0], &flags, asJSON)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON")
	return cmd
}

// planCampaign checks a campaign as validate does, and prints what a run of it
// would come to.
func planCampaign(ctx context.Context, env Env, file string, flags *campaignFlags, asJSON bool) error {
	r, err := flags.read(ctx, env, env.Stderr, file)
	if err != nil {
		return err
	}
	return flags.with(ctx, env, env.Stderr, r.choice.Programs, func(h *host.Host, catalog *host.Catalog) error {
		p, err := flags.plans(ctx, r, h, catalog)
		if err != nil {
			return err
		}
		r.warn(env)
		o := outlook{
			Campaign: p.Name, Estimate: p.Estimate(), Authorization: r.campaign.Scope.Authorization,
			Hosts: p.Needs().Hosts, Attacks: attacksOf(p), Window: windowOf(p.Bounds.Window, env.Now()),
		}
		for _, plugin := range catalog.Plugins() {
			o.Plugins = append(o.Plugins, plugin.Name+" "+plugin.Version)
		}
		for _, warning := range o.Beyond(p.Bounds) {
			printLines(env.Stderr, "warning", warning)
		}
		if asJSON {
			encoder := json.NewEncoder(env.Stdout)
			encoder.SetIndent("", "  ")
			return encoder.Encode(o)
		}
		o.write(env.Stdout, p.Bounds)
		return nil
	})
}

// outlook is what is known of a run before anything is sent.
type outlook struct {
	Campaign string `json:"campaign"`
	plan.Estimate
	Attacks       []planned `json:"attacks"`
	Authorization string    `json:"authorization,omitempty"`
	Hosts         []string  `json:"hosts"`
	Plugins       []string  `json:"plugins"`
	Window        string    `json:"window"`
}

// planned counts the trials of an attack.
type planned struct {
	Name   string `json:"name"`
	Trials int    `json:"trials"`
}

func attacksOf(p *plan.Plan) []planned {
	var all []planned
	for i := range p.Trials {
		if name := p.Trials[i].Attack; len(all) == 0 || all[len(all)-1].Name != name {
			all = append(all, planned{Name: name})
		}
		all[len(all)-1].Trials++
	}
	return all
}

// windowOf says when runs are allowed, and whether one is now.
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

func (o outlook) write(w io.Writer, b scope.Bounds) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-13s  %s\n", name, fmt.Sprintf(format, args...))
	}
	attacks := make([]string, len(o.Attacks))
	for i, a := range o.Attacks {
		attacks[i] = fmt.Sprintf("%s %d", a.Name, a.Trials)
	}
	tokens := o.Tokens()
	line("campaign", "%s", o.Campaign)
	line("trials", "%d (%s)", o.Trials, strings.Join(attacks, ", "))
	line("turns", "%s", rangeOf("%d", o.Turns))
	line("tokens", "%s (input %s, output %s)", rangeOf("%d", tokens), rangeOf("%d", o.InputTokens), rangeOf("%d", o.OutputTokens))
	line("cost", "%s", o.cost())
	line("time", "%s", rangeOf("%s", o.Duration))
	if len(o.Helped) > 0 {
		line("not counted", "what is asked of targets by %s", strings.Join(o.Helped, ", "))
	}
	line("authorization", "%s", cmp.Or(o.Authorization, "none"))
	line("bounds", "%s", boundsOf(b, o.Currency))
	line("window", "%s", o.Window)
	line("hosts", "%s", cmp.Or(strings.Join(o.Hosts, ", "), "none"))
	line("plugins", "%s", cmp.Or(strings.Join(o.Plugins, ", "), "none"))
}

func (o outlook) cost() string {
	if o.Currency == "" {
		return "unknown: the campaign has no prices"
	}
	cost := rangeOf("%.4f", o.Cost) + " " + o.Currency
	if len(o.Unpriced) > 0 {
		cost += ", without " + strings.Join(o.Unpriced, ", ") + ": no price"
	}
	return cost
}

// rangeOf shows a range, and once what is the same at both ends.
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
