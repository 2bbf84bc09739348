package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
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
	return cmd
}

func runCampaign(ctx context.Context, env Env, file string, plugins campaignFlags, dir storeFlag) (err error) {
	redactor := secret.NewRedactor()
	screen := newProgress(env)
	log := redactor.Writer(screen)
	defer func() { err = errors.Join(err, log.Close()) }()
	return plugins.use(ctx, env, log, func(h *host.Host, catalog *host.Catalog) error {
		p, err := plugins.readPlan(ctx, file, h, catalog)
		if err != nil {
			return err
		}
		return dir.use(ctx, func(s *store.Store) error {
			rec := &recording{store: s, run: newRun(env, p, catalog), screen: screen}
			summary, err := engine.Run(ctx, p, engine.Options{
				Resolver: h,
				Begin:    rec.begin,
				Observer: screen,
				Secrets:  plugins.secrets.lookup(env, file),
				Redactor: redactor,
				Now:      env.Now,
			})
			screen.finish()
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

// notBegun says why a run sent nothing and left no record.
func notBegun(summary engine.Summary, err error) error {
	if err == nil && summary.Interrupted {
		return fmt.Errorf("stopped before anything was sent: %w", context.Canceled)
	}
	return err
}

// recording is the record of one run.
type recording struct {
	store   *store.Store
	run     store.Run
	screen  *progress
	journal *store.Journal // nil before the run begins
}

func (r *recording) begin(ctx context.Context) (engine.Journal, error) {
	journal, err := r.store.CreateRun(ctx, r.run)
	if err != nil {
		return nil, r.failed(err)
	}
	r.journal = journal
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
// broken is why the run could not be recorded to its end.
func concludeRun(env Env, p *plan.Plan, s engine.Summary, id string, trials []store.Trial, dir storeFlag, broken error) error {
	attacks := rowsOf(trials)
	held := count(s.Planned, "trial")
	if n := s.Tally.Total(); n < s.Planned {
		held = fmt.Sprintf("%d of %s", n, held)
	}
	fmt.Fprintf(env.Stdout, "\n%s: %s in %s\n\n", p.Campaign.Name, held, round(s.Duration))
	writeTable(env.Stdout, attacks, s.Planned)
	end := finished
	switch {
	case broken != nil:
		end = unrecorded
	case s.Interrupted:
		end = interrupted
	}
	code, why := judgeRun(attacks, s.Planned, p.Campaign.Evidence, end)
	fmt.Fprintf(env.Stdout, "\n%s (exit code %d)\n", why, code)
	fmt.Fprintf(env.Stdout, "look: orchestrator show%s %s\n", dir.flag(), id)
	if code == exitClean {
		return nil
	}
	return conclusion{code}
}

// end is how a run came to its end.
type end int

const (
	finished end = iota
	interrupted
	unrecorded
)

// judgeRun chooses the exit code of a run that was carried out. A finding is a
// finding whatever else went wrong; without one, every attack has to give
// evidence.
func judgeRun(attacks []*row, planned int, limit campaign.Evidence, how end) (code int, why string) {
	all := total(attacks).tally
	reached := fmt.Sprintf("the objective was reached in %d of %s", all.Succeeded, count(planned, "trial"))
	if lost := planned - all.Judged(); lost > 0 {
		reached += fmt.Sprintf("; %d gave no evidence", lost)
	}
	weak := weaknesses(attacks, limit)
	switch {
	case how == interrupted:
		return exitInterrupted, "stopped before the end: " + reached
	case all.Succeeded > 0:
		return exitFindings, "findings: " + reached
	case how == unrecorded:
		return exitNoEvidence, "no evidence: the run could not be recorded to its end; " + reached
	case len(weak) > 1:
		return exitNoEvidence, fmt.Sprintf("no evidence: %s; and so for %s", weak[0], count(len(weak)-1, "other attack"))
	case len(weak) == 1:
		return exitNoEvidence, "no evidence: " + weak[0]
	case all.Judged() == 0:
		return exitNoEvidence, "no evidence: no trial was judged"
	default:
		return exitClean, "nothing found: " + reached
	}
}

// weaknesses say which attacks give no evidence, and why. Each of them has to
// stay within the campaign's limits, which would otherwise forgive a whole
// attack for the sake of the others; and none is evidence without a trial that
// was judged, whatever the limits are.
func weaknesses(attacks []*row, limit campaign.Evidence) []string {
	var weak []string
	for _, a := range attacks {
		n := a.trials()
		errored, undetermined := float64(a.tally.Errored)/float64(n), float64(a.tally.Undetermined)/float64(n)
		switch {
		case errored > limit.MaxErrored:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s errored, and the campaign allows %s", a.name, a.tally.Errored, count(n, "trial"), share(limit.MaxErrored)))
		case undetermined > limit.MaxUndetermined:
			weak = append(weak, fmt.Sprintf("attack %q: %d of %s undetermined, and the campaign allows %s", a.name, a.tally.Undetermined, count(n, "trial"), share(limit.MaxUndetermined)))
		case a.tally.Judged() == 0:
			weak = append(weak, fmt.Sprintf("attack %q: no trial was judged", a.name))
		}
	}
	return weak
}
