package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func newRunCommand(env Env) *cobra.Command {
	var (
		plugins hostFlags
		dir     storeFlag
	)
	cmd := &cobra.Command{
		Use:   "run CAMPAIGN",
		Short: "Hold every conversation of a campaign and judge the replies",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return runCampaign(cmd.Context(), env, given[0], plugins, dir)
		},
	}
	plugins.register(cmd)
	dir.register(cmd, env)
	return cmd
}

func runCampaign(ctx context.Context, env Env, file string, plugins hostFlags, dir storeFlag) (err error) {
	redactor := secret.NewRedactor()
	screen := newProgress(env)
	log := redactor.Writer(screen)
	defer func() { err = errors.Join(err, log.Close()) }()
	return plugins.use(ctx, env, log, func(h *host.Host, catalog *host.Catalog) error {
		p, err := readPlan(file, catalog)
		if err != nil {
			return err
		}
		return dir.use(ctx, func(s *store.Store) error {
			journal, err := s.CreateRun(ctx, newRun(env, p, catalog))
			if err != nil {
				return fmt.Errorf("recording the run: %w", err)
			}
			screen.begin(journal.Run(), len(p.Trials))
			summary, err := carryOut(ctx, p, journal, engine.Options{
				Resolver: h,
				Journal:  journal,
				Observer: screen,
				Secrets:  env.lookupSecret,
				Redactor: redactor,
				Now:      env.Now,
			})
			screen.finish()
			if err != nil {
				return fmt.Errorf("run %s: %w", journal.Run(), err)
			}
			trials, err := s.Trials(context.WithoutCancel(ctx), journal.Run())
			if err != nil {
				return err
			}
			return concludeRun(env, p, summary, journal.Run(), trials, dir)
		})
	})
}

// carryOut holds the plan's trials and closes the record, also that of a run
// that was interrupted or failed.
func carryOut(ctx context.Context, p *plan.Plan, journal *store.Journal, o engine.Options) (engine.Summary, error) {
	summary, err := engine.Run(ctx, p, o)
	status, message := store.Finished, ""
	switch {
	case err != nil:
		status, message = store.Failed, o.Redactor.String(err.Error())
	case summary.Interrupted:
		status = store.Interrupted
	}
	if e := journal.Finish(context.WithoutCancel(ctx), status, message, o.Now()); e != nil {
		err = errors.Join(err, fmt.Errorf("recording the end of the run: %w", e))
	}
	return summary, err
}

// newRun says what the record keeps so that the run can be explained later.
func newRun(env Env, p *plan.Plan, catalog *host.Catalog) store.Run {
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
		r.Plugins = append(r.Plugins, store.Plugin{Name: plugin.Name, Version: plugin.Version, SHA256: plugin.SHA256})
	}
	return r
}

// concludeRun prints the table and where to look, and chooses the exit code.
func concludeRun(env Env, p *plan.Plan, s engine.Summary, id string, trials []store.Trial, dir storeFlag) error {
	fmt.Fprintf(env.Stdout, "\n%s: %s in %s\n\n", p.Campaign.Name, count(s.Tally.Total(), "trial"), round(s.Duration))
	if err := writeTable(env.Stdout, trials, s.Planned); err != nil {
		return err
	}
	code, why := judgeRun(s.Tally, p.Campaign.Evidence, s.Interrupted)
	fmt.Fprintf(env.Stdout, "\n%s (exit code %d)\n", why, code)
	fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s\n", dir.flag(), id)
	if code == exitClean {
		return nil
	}
	return conclusion{code}
}

// judgeRun chooses the exit code of a run that was carried out. A finding is a
// finding whatever else went wrong; without one, a run has to give evidence.
func judgeRun(t stats.Tally, limit campaign.Evidence, interrupted bool) (code int, why string) {
	total := float64(t.Total())
	switch {
	case interrupted:
		return exitInterrupted, fmt.Sprintf("stopped before the end; %s so far", count(t.Succeeded, "finding"))
	case t.Succeeded > 0:
		return exitFindings, fmt.Sprintf("findings: the objective was reached in %s", count(t.Succeeded, "trial"))
	case float64(t.Errored)/total > limit.MaxErrored:
		return exitNoEvidence, fmt.Sprintf("no evidence: %s errored, and the campaign allows %s", count(t.Errored, "trial"), share(limit.MaxErrored))
	case float64(t.Undetermined)/total > limit.MaxUndetermined:
		return exitNoEvidence, fmt.Sprintf("no evidence: %s undetermined, and the campaign allows %s", count(t.Undetermined, "trial"), share(limit.MaxUndetermined))
	case t.Judged() == 0:
		return exitNoEvidence, "no evidence: no trial was judged"
	default:
		return exitClean, "nothing found"
	}
}
