package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/metrics"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newServeCommand(env Env) *cobra.Command {
	s := &server{}
	cmd := &cobra.Command{
		Use:   "serve CAMPAIGN...",
		Short: "Run campaigns when their schedule says so, until it is stopped",
		Long: `serve runs campaigns when the schedule: block of each says so. It takes their files,
and folders with such files. Each file is read again before each run.

What was due and what came of it is kept in the store. A serve that died is simply
started again: what was due is run once, and a run that was cut off is carried on,
as far as the schedule's catchup_window and the bounds of scope allow it. Of two on
the same store one leads; the other one stands by and takes over.

When it begins, it looks up what the runs need of this machine, as validate --ready
does, and warns of what is missing; schedule list shows that, too. With --check it
refuses to serve then, with exit code 2.

SIGINT or SIGTERM interrupts the runs that are going, so that they can be carried
on, and ends serve with exit code 0. The flags are those of run, and hold for each
run.`,
		Args: takes(1, math.MaxInt, "the campaigns' files, or folders of them"),
		RunE: func(cmd *cobra.Command, given []string) error {
			surviveBrokenPipes()
			s.env, s.log, s.metrics = env, view.NewScheduleLog(env.Stderr, env.Now), metrics.New()
			s.probes.metrics = s.metrics
			return s.serve(cmd.Context(), given)
		},
	}
	s.flags.register(cmd)
	s.flags.registerSet(cmd, env)
	s.dir.register(cmd, env)
	s.flags.registerLog(cmd)
	registerRecord(cmd, &s.calls)
	s.flags.registerUnlocked(cmd, "run")
	cmd.Flags().BoolVar(&s.check, "check", false, "refuse to serve where something is missing that a run needs of this machine")
	cmd.Flags().StringVar(&s.listen, "listen", "", "`address`, such as 127.0.0.1:8080, to answer /healthz, /readyz and /metrics on")
	return cmd
}

// server runs campaigns when they are due.
type server struct {
	env    Env
	flags  campaignFlags
	dir    storeFlag
	listen string
	// calls says that each call of a component is recorded.
	calls  bool
	log    *view.ScheduleLog
	probes probes
	// check: serve refuses to begin where a run would lack something.
	check bool
	// kept is the store.
	kept *store.Store
	// metrics are those of all runs, for Prometheus.
	metrics *metrics.Metrics
}

func (s *server) serve(ctx context.Context, given []string) error {
	files, err := s.campaigns(given)
	if err != nil {
		return err
	}
	if err := s.checkAll(ctx, files); err != nil {
		return err
	}
	return s.dir.use(ctx, func(kept *store.Store) error {
		s.kept = kept
		scheduler, err := schedule.New(files, schedule.Options{
			Store: kept.Schedules(), Runner: s, Read: s.readSchedule, Log: s.log.Line, Ended: s.ended, NewID: store.NewRunID, Now: s.env.Now, Poll: time.Second,
		})
		if err != nil {
			return err
		}
		stop, err := s.probes.listen(ctx, s.listen, s.env.Stdout, func(err error) {
			s.log.Line("", fmt.Sprintf("error: answering on %s: %v", s.listen, err))
		})
		if err != nil {
			return err
		}
		defer stop()
		return s.lead(ctx, scheduler, files)
	})
}

// campaigns returns the absolute paths of campaign files.
func (s *server) campaigns(given []string) ([]string, error) {
	var files []string
	for _, name := range given {
		path, err := filepath.Abs(name)
		if err != nil {
			return nil, core.Errorf(core.ErrorInternal, "finding %s: %w", name, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, usagef("%w", err).withHint("serve takes the campaigns' files, or folders of them")
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := scheduledIn(path)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, usagef("no campaign with a schedule: in %s", name).withHint("a folder's campaigns are its .yaml and .yml files that have a line that begins with schedule:")
		}
		files = append(files, found...)
	}
	return files, nil
}

var scheduleKey = regexp.MustCompile(`(?m)^schedule\s*:`)

// scheduledIn returns the files of a folder that are campaigns with a schedule,
// valid or not. A folder may have other files, such as datasets.
func scheduledIn(folder string) ([]string, error) {
	files, err := yamlFiles(folder)
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "looking for campaigns: %w", err)
	}
	var found []string
	for _, path := range files {
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, core.Errorf(core.ErrorConfig, "looking for campaigns: %w", err)
		}
		if scheduleKey.Match(source) {
			found = append(found, path)
		}
	}
	return found, nil
}

// readSchedule reads a campaign's file for its schedule.
func (s *server) readSchedule(file string) (name string, spec schedule.Spec, err error) {
	settings, err := campaign.ParseSettings(s.flags.set)
	if err != nil {
		return "", spec, err
	}
	c, problems, err := app.ReadCampaign(s.env.Files, file, campaign.Given{Settings: settings})
	switch {
	case err != nil:
		return "", spec, err
	case len(problems) > 0:
		return "", spec, app.CampaignError{Problems: problems, Source: c.Source}
	case c.Schedule == nil:
		return "", spec, core.Errorf(core.ErrorConfig, "%s has no schedule:", file).
			WithHint(`such as schedule: {cron: "0 22 * * fri", zone: Europe/Zurich}; orchestrator run runs a campaign once`)
	}
	return c.Name, c.Schedule.Spec, nil
}

// lead waits until no other process serves the store, and then runs campaigns.
func (s *server) lead(ctx context.Context, scheduler *schedule.Scheduler, files []string) error {
	release, err := s.kept.Schedules().LeadScheduling()
	if release == nil && err == nil {
		s.log.Line("", "standing by: another process serves "+s.kept.Dir())
		if release, err = awaitLead(ctx, s.kept); release != nil {
			s.log.Line("", "the other process has ended: taking over")
		}
	}
	if release == nil {
		return err
	}
	defer release()
	s.probes.leads.Store(true)
	if err := scheduler.Register(ctx); err != nil {
		return core.Errorf(core.ErrorInternal, "%w", err)
	}
	if err := s.kept.Schedules().ServeSchedules(ctx, scheduler.Names()); err != nil {
		return core.Errorf(core.ErrorInternal, "%w", err)
	}
	s.log.Line("", fmt.Sprintf("serving %s: %s", s.kept.Dir(), strings.Join(scheduler.Names(), ", ")))
	var looking sync.WaitGroup
	looking.Go(func() {
		for i, name := range scheduler.Names() {
			s.look(ctx, name, files[i])
		}
	})
	scheduler.Run(ctx)
	looking.Wait()
	s.log.Line("", "stopped")
	return nil
}

// awaitLead returns a function that gives the lead up, once this process has
// it, or nil when ctx is cancelled.
func awaitLead(ctx context.Context, kept *store.Store) (release func(), err error) {
	const often = 500 * time.Millisecond
	again := time.NewTicker(often)
	defer again.Stop()
	for release == nil && err == nil {
		select {
		case <-ctx.Done():
			return nil, nil
		case <-again.C:
			release, err = kept.Schedules().LeadScheduling()
		}
	}
	return release, err
}

// Run carries out a scheduled run as the commands run and resume do.
func (s *server) Run(ctx context.Context, job schedule.Job) schedule.Result {
	env := s.env
	lines := s.log.Writer(job.Schedule)
	env.Stdout, env.Stderr, env.Terminal, env.Width = io.Discard, lines, false, 0
	var (
		out app.Outcome
		err error
	)
	if job.Resume {
		spec := app.Spec{Kind: app.Resume, Fallback: campaign.Previous}
		out, err = resumeRun(ctx, env, s.flags, s.dir, job.Fire.Run, spec, s.metrics.Observer())
	} else {
		spec := app.Spec{
			Kind: app.New, File: job.File, ID: job.Fire.Run, Record: s.calls, Fallback: campaign.Previous, GoOn: resumeCommand(s.dir),
		}
		out, err = execute(ctx, env, s.flags, s.dir, spec, s.metrics.Observer())
	}
	printError(lines, err)
	return schedule.Result{Outcome: scheduledOutcome(concluded(out, err)), Why: reasonFor(out, err)}
}

// reasonFor explains the end of a run in a line.
func reasonFor(out app.Outcome, err error) string {
	if verdict := out.String(); verdict != "" || err == nil {
		return verdict
	}
	if wrong, ok := errors.AsType[app.CampaignError](err); ok && len(wrong.Problems) > 1 {
		return fmt.Sprintf("%v, and %s more", wrong.Problems[0], phrase.Count(len(wrong.Problems)-1, "problem"))
	}
	why, _, _ := strings.Cut(err.Error(), "\n")
	return why
}

// ended is called after each scheduled run.
func (s *server) ended(ctx context.Context, e schedule.Ended) {
	line := fmt.Sprintf("look: orchestrator show%s %s", s.dir.flag(), e.Fire.Run)
	if e.Previous != "" {
		line += "; the finished run before it: " + e.Previous
	}
	s.log.Line(e.Schedule, line)
	if state, err := s.kept.Schedules().Schedule(ctx, e.Schedule); err == nil && state.Lacks != "" && e.Outcome != schedule.Interrupted {
		s.look(ctx, e.Schedule, e.File) // it may have been installed
	}
}
