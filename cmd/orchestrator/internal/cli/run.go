package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newRunCommand(env Env) *cobra.Command {
	var (
		plugins campaignFlags
		dir     storeFlag
	)
	cmd := &cobra.Command{
		Use:   "run CAMPAIGN",
		Short: "Hold every conversation of a campaign and judge the replies",
		Args:  takes(1, 1, "the campaign's file"),
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCampaign(cmd.Context(), env, given[0], plugins, dir)
		},
	}
	plugins.register(cmd)
	dir.register(cmd, env)
	cmd.Flags().BoolVar(&plugins.allowUnlocked, "allow-unlocked", false, "run with third-party plugins as they are installed, whatever the lock says")
	return cmd
}

func runCampaign(ctx context.Context, env Env, file string, plugins campaignFlags, dir storeFlag) (err error) {
	redactor := secret.NewRedactor()
	screen := newProgress(env)
	log := redactor.Writer(screen)
	defer func() { err = errors.Join(err, log.Close()) }()
	r, err := plugins.read(ctx, env, log, file)
	if err != nil {
		return err
	}
	if err := plugins.hold(env, r); err != nil {
		return err
	}
	rec := &recording{screen: screen}
	way := egress.New(egress.Options{Record: rec.recordConnection})
	return plugins.withEgress(ctx, env, log, r.choice.Programs, way, func(h *host.Host, catalog *host.Catalog) error {
		p, err := plugins.plans(ctx, r, h, catalog)
		if err != nil {
			return err
		}
		if err := permit(ctx, h, p, way); err != nil {
			return err
		}
		return dir.use(ctx, func(s *store.Store) error {
			rec.store, rec.run = s, newRun(env, p, catalog, r.choice)
			summary, err := engine.Run(ctx, p, engine.Options{
				Resolver: func(targets core.Targets) engine.Resolver { return h.Using(targets) },
				Begin:    rec.begin,
				Observer: screen,
				Secrets:  plugins.secrets.lookup(env, file),
				Redactor: redactor,
				Now:      env.Now,
			})
			screen.finish()
			// A connection that a plugin keeps open is recorded when it ends.
			err = cmp.Or(err, way.Close())
			if rec.journal == nil {
				return notBegun(summary, err)
			}
			// Whatever happened, the record is closed and read.
			ctx := context.WithoutCancel(ctx)
			err = rec.finish(ctx, env, summary, err)
			trials, readErr := s.Trials(ctx, rec.journal.Run())
			return errors.Join(concludeRun(env, p, summary, rec.journal.Run(), trials, dir, err), err, readErr)
		})
	})
}

// hold refuses, before anything is started, to run a campaign with plugins that
// are not the locked ones. Where the user allows that, it warns of each.
func (f *campaignFlags) hold(env Env, r *reading) error {
	problems := slices.Concat(r.problems, r.choice.Problems)
	r.warn(env)
	for _, q := range r.campaign.Plugins {
		unlocked, ok := r.choice.Unlocked[q.Name]
		switch {
		case ok && f.allowUnlocked:
			unlocked.Message = fmt.Sprintf("plugin %q runs UNLOCKED: its program is whatever is installed now", q.Name)
			printProblem(env.Stderr, "warning", unlocked, r.campaign.Source)
		case ok:
			unlocked.Hint += "; --allow-unlocked runs it as it is"
			problems = append(problems, unlocked)
		}
	}
	if len(problems) > len(r.problems) {
		return wrongCampaign{problems.Sorted(), r.campaign.Source}
	}
	return nil
}

// notBegun says why a run sent nothing and left no record.
func notBegun(summary engine.Summary, err error) error {
	if err == nil && summary.Interrupted {
		return fmt.Errorf("stopped before anything was sent: %w", context.Canceled)
	}
	if err == nil && summary.Stopped != "" {
		return fmt.Errorf("stopped before anything was sent by %s", summary.Stopped)
	}
	return err
}

// recording is the record of one run.
type recording struct {
	store   *store.Store
	run     store.Run
	screen  *progress
	journal *store.Journal // nil before the run begins
	// begun is the journal for those who do not wait for the run to begin.
	begun atomic.Pointer[store.Journal]
}

func (r *recording) begin(ctx context.Context) (engine.Journal, error) {
	journal, err := r.store.CreateRun(ctx, r.run)
	if err != nil {
		return nil, r.failed(err)
	}
	r.journal = journal
	r.begun.Store(journal)
	r.screen.begin(journal.Run(), r.run.Trials)
	return journal, nil
}

// finish closes the record. err is what the recording failed with, if it did.
func (r *recording) finish(ctx context.Context, env Env, s engine.Summary, err error) error {
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, err.Error()
	case s.Interrupted:
		status = store.Interrupted
	case s.Stopped != "":
		status, message = store.Interrupted, "stopped by "+s.Stopped
	}
	// Where the recording failed, this most likely fails for the same reason.
	if err = cmp.Or(err, r.journal.Finish(ctx, status, message, env.Now())); err != nil {
		return r.failed(fmt.Errorf("run %s: %w", r.journal.Run(), err))
	}
	return nil
}

func (r *recording) failed(err error) error {
	return core.Errorf(core.KindInternal, "%w", err).
		WithHint("see to it that %s can be written and has room, then run the campaign again", r.store.Dir())
}

// newRun says what the record keeps so that the run can be explained later.
func newRun(env Env, p *plan.Plan, catalog *host.Catalog, choice install.Choice) store.Run {
	r := store.Run{
		Campaign:      p.Campaign.Name,
		File:          p.Campaign.File,
		Source:        p.Campaign.Source,
		Authorization: p.Campaign.Scope.Authorization,
		Trials:        len(p.Trials),
		Version:       version(),
		Started:       env.Now(),
	}
	for _, plugin := range catalog.Plugins() {
		r.Plugins = append(r.Plugins, store.Plugin{
			Name: plugin.Name, Version: plugin.Version, SHA256: plugin.SHA256, Trust: trustOf(plugin, choice),
			Permissions: permitted(plugin, p), Sandbox: plugin.Sandbox,
		})
	}
	return r
}

// trustOf says how a plugin's program was checked.
func trustOf(p host.Plugin, choice install.Choice) store.Trust {
	_, unlocked := choice.Unlocked[p.Name]
	switch {
	case p.Attached:
		return store.Attached
	case p.Bundled:
		return store.Bundled
	case unlocked:
		return store.Unlocked
	default:
		return store.Locked
	}
}
