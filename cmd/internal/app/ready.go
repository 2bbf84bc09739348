package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// stage is a planned campaign with its plugins, as they are while it runs.
type stage struct {
	loaded  *loadedCampaign
	plan    *plan.Plan
	catalog *host.Catalog
	// options are the Components, the Watchers and the Redactor.
	options engine.Options
}

// rehearse does all that a run of a campaign does before it sends anything, calls do,
// and stops the plugins again. It records nothing.
func (r *Runner) rehearse(ctx context.Context, file string, do func(stage) error) (err error) {
	loaded, err := r.Planner.load(ctx, file, campaign.Given{})
	if err != nil {
		return err
	}
	if err := r.choose(loaded); err != nil {
		return err
	}
	proxy := egress.New(egress.Options{})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	h, catalog, err := r.Planner.Plugins.start(ctx, loaded.choice.Programs, proxy, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	p, err := r.Planner.plan(ctx, loaded, h, catalog)
	if err != nil {
		return err
	}
	if err := permit(ctx, h, p, loaded.campaign.Scope.Hosts, proxy); err != nil {
		return err
	}
	return do(stage{loaded, p, catalog, engine.Options{
		Components: engine.Components{
			Opener:  func(targets core.Targets) core.Opener { return h.Using(targets) },
			Secrets: r.Planner.Secrets.Lookup(loaded.campaign.File),
		},
		Watchers: engine.Watchers{Observer: observers(r.Observers)},
		Redactor: r.Redactor,
	}})
}

// Ready returns all that a run of a campaign would lack on this machine, as errors that
// are joined; nil where it lacks nothing: plugins as they are locked, secrets, programs,
// the files that components read, the addresses of webhooks, and files that may be open.
// It warns as a run does, and opens the components. It sends nothing and records nothing;
// Store and Reporter may be nil.
func (r *Runner) Ready(ctx context.Context, file string) error {
	return r.rehearse(ctx, file, func(s stage) error {
		r.warn(s.loaded, s.plan)
		lacking := []error{checkOpenFiles(s.plan, s.catalog, r.Planner.OpenFiles), engine.Lacking(ctx, s.plan, s.options)}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		lacking = append(lacking, r.unreachable(s.loaded.campaign)...)
		said := fmt.Sprint(lacking)
		for _, name := range s.plan.Needs().Programs {
			if _, err := r.Planner.LookPath(name); err != nil && !hasWord(said, name) {
				lacking = append(lacking, core.Errorf(core.ErrorConfig, "there is no program %s: %w", name, err).WithHint("install it, or correct the campaign"))
			}
		}
		for _, name := range s.plan.Needs().Files {
			if _, err := r.Planner.Files.Resolve(name); err != nil {
				lacking = append(lacking, core.Errorf(core.ErrorConfig, "the file %s, which a component reads: %w", name, err).WithHint("see to it that it is there"))
			}
		}
		return errors.Join(lacking...)
	})
}

// hasWord reports whether a text has a name as a word of its own.
func hasWord(text, name string) bool {
	isBetween := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"':;,()[]", r) }
	return slices.Contains(strings.FieldsFunc(text, isBetween), name)
}

// unreachable returns the errors of the webhooks whose address is not known or not one.
func (r *Runner) unreachable(c *campaign.Campaign) []error {
	var wrong []error
	lookup := r.Planner.Secrets.Lookup(c.File)
	for _, w := range c.Notify {
		if _, err := addressOf(w.Webhook, lookup, r.Redactor); err != nil {
			wrong = append(wrong, webhookError(c, w, err))
		}
	}
	return wrong
}
