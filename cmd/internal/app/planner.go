package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// Planner reads campaigns, chooses their plugins and plans them.
type Planner struct {
	Files   Files
	Plugins *Plugins
	Secrets *Secrets
	// AllowCommands lets campaigns run programs that they name on this machine.
	AllowCommands bool
	// Settings are the values of parameters that the user gives.
	Settings []campaign.Setting
	// AllowUnlocked runs campaigns with the installed plugins, regardless of
	// their locks.
	AllowUnlocked bool
	// LookPath returns the path of a program that a campaign names.
	LookPath func(program string) (string, error)
	// OpenFiles is how many files this process may have open at a time; 0 where that is
	// not known.
	OpenFiles uint64
}

// Planned is a valid campaign, its plan, and warnings about its plugins.
type Planned struct {
	Campaign *campaign.Campaign
	Plan     *plan.Plan
	// Values are what the campaign is given from outside of its file, and its
	// defaults.
	Values []store.Value
	// Warnings are about secrets of the environment that components do not get, and
	// about settings without effect.
	Warnings []string
	// Plugins are those that it runs with.
	Plugins []host.Plugin
	// PassedOver are warnings about programs that would take precedence without
	// the lock.
	PassedOver yamlfile.Problems
	// Doubtful are warnings about what is likely not meant in the campaign.
	Doubtful yamlfile.Problems
	// TooMany is why the conversations that are held at a time may need more open files
	// than there may be; nil where they do not.
	TooMany error
	// Unlocked are warnings about plugins that are not in the lock, in the
	// order of the campaign.
	Unlocked yamlfile.Problems
}

// Plan checks a campaign and plans it as a run does, without sending anything.
// The result is nil where the campaign cannot be planned; with a result, the
// error is one of stopping the plugins.
func (p *Planner) Plan(ctx context.Context, file string) (_ *Planned, err error) {
	l, err := p.load(ctx, file, campaign.Given{})
	if err != nil {
		return nil, err
	}
	if err := p.choose(l); err != nil {
		return nil, err
	}
	proxy := egress.New(egress.Options{})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	h, catalog, err := p.Plugins.start(ctx, l.choice.Programs, proxy, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	planned, err := p.plan(ctx, l, h, catalog)
	if err != nil {
		return nil, err
	}
	all := &Planned{Campaign: l.campaign, Plan: planned, Values: l.values(), Warnings: l.warnings(planned), Plugins: catalog.Plugins(), PassedOver: l.choice.PassedOver, Doubtful: l.doubts, TooMany: checkOpenFiles(planned, catalog, p.OpenFiles)}
	for _, q := range l.campaign.Plugins {
		if unlocked, ok := l.choice.Unlocked[q.Name]; ok {
			all.Unlocked = append(all.Unlocked, unlocked)
		}
	}
	return all, nil
}

// load reads a campaign's file, with the user's values for its parameters before those
// that are given. It starts nothing.
func (p *Planner) load(ctx context.Context, file string, given campaign.Given) (*loadedCampaign, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("reading the campaign %s: %w", file, ctx.Err())
	}
	type result struct {
		loaded *loadedCampaign
		err    error
	}
	given.Settings = slices.Concat(p.Settings, given.Settings)
	read := make(chan result, 1) // so that reading ends also where nobody waits
	go func() {
		c, problems, err := ReadCampaign(p.Files, file, given)
		read <- result{&loadedCampaign{campaign: c, problems: problems}, err}
	}()
	select {
	case r := <-read:
		return r.loaded, r.err
	case <-ctx.Done(): // a large dataset takes seconds
		return nil, fmt.Errorf("reading the campaign %s: %w", file, ctx.Err())
	}
}

// choose chooses the plugins of a campaign, by the lock beside its file. It
// starts nothing.
func (p *Planner) choose(l *loadedCampaign) error {
	lock, err := ReadLock(filepath.Dir(l.campaign.File))
	if err != nil {
		return err
	}
	if p.AllowUnlocked {
		lock = nil
	}
	attached := slices.Sorted(maps.Keys(p.Plugins.Attached))
	l.choice = install.Choose(l.campaign.File, l.campaign.Plugins, lock, p.Plugins.Discover(), attached)
	l.companions = p.Plugins.companionsOf(l.campaign)
	for _, c := range l.companions.needed {
		l.choice.Programs = append(l.choice.Programs, c.Program())
	}
	l.choice.Problems = append(l.choice.Problems, l.companions.problems...)
	return nil
}

// plan has the components check their configurations, and plans a campaign.
func (p *Planner) plan(ctx context.Context, l *loadedCampaign, h *host.Host, catalog *host.Catalog) (*plan.Plan, error) {
	options := plan.Options{AllowCommands: p.AllowCommands, AllowFile: p.Secrets.AllowFile, Absent: l.choice.Absent(l.campaign.Plugins)}
	started := append(install.CheckStarted(l.campaign.File, l.campaign.Plugins, catalog.Plugins()), l.companions.failed(l.campaign, catalog)...)
	options.Unavailable, options.Elsewhere = l.companions.unavailable, l.companions.elsewhere
	p.fillIn(l, catalog)
	options.Environment = l.environment
	for _, plugin := range catalog.Plugins() {
		if plugin.Err != nil {
			options.Absent[plugin.Name] = true
		}
	}
	// All kinds of problems are reported at once, so that the valid part of an
	// invalid campaign is checked, too.
	problems := slices.Concat(l.problems, l.choice.Problems, started)
	if l.campaign.Incomplete {
		return nil, CampaignError{problems.Sorted(), l.campaign.Source}
	}
	restrictions, doubts, more, err := plan.CheckConfigs(ctx, l.campaign, catalog, l.environment, h.CheckConfig)
	options.Restrictions, l.doubts = restrictions, slices.Concat(l.campaign.Doubts, doubts).Sorted()
	var planned *plan.Plan
	var unselected error
	if len(l.problems) > 0 {
		problems = append(problems, plan.CheckComponents(l.campaign, catalog, options)...)
	} else {
		var failed error
		planned, failed = plan.New(l.campaign, catalog, options)
		if failed == nil && !l.selection.IsWhole() {
			planned, unselected = planPart(l, planned, catalog, options)
		}
		wrong, _ := errors.AsType[yamlfile.Problems](failed)
		problems = append(problems, wrong...)
	}
	if problems = append(problems, more...); len(problems) > 0 {
		return nil, CampaignError{l.campaign.Explain(problems.Sorted()), l.campaign.Source}
	}
	if err = cmp.Or(err, unselected); err != nil {
		return nil, err
	}
	return planned, p.Secrets.Check(l.campaign, planned)
}

// planPart plans the part of a campaign that is held; whole is the plan of all of it.
func planPart(l *loadedCampaign, whole *plan.Plan, catalog plan.Catalog, o plan.Options) (*plan.Plan, error) {
	if !l.isJudged {
		if err := whole.CheckSelection(l.selection); err != nil {
			return nil, err
		}
	}
	o.Selection = l.selection
	return plan.New(l.campaign, catalog, o)
}
