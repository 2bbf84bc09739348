package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

const (
	// lookEvery is the interval at which stop checks whether the run has ended.
	lookEvery = 50 * time.Millisecond
	// reportEvery is the interval of messages while stop waits.
	reportEvery = 5 * time.Second
	// stopPatience is how long a run may take to end. Its conversations have
	// ten seconds to end.
	stopPatience = 30 * time.Second
)

func newStopCommand(env Env) *cobra.Command {
	var (
		dir    storeFlag
		reason string
		within time.Duration
	)
	cmd := &cobra.Command{
		Use:   "stop RUN",
		Short: "Stop a run that another process carries out, at once",
		Long: `stop has the process that carries a run out send nothing more, end its
conversations and close the record, and returns when it has. The process may be in
another terminal or belong to a scheduler; the store is what it is found by. Such a
run ends with exit code 130, and orchestrator resume carries it on.

Once stop has said that it asks, the request stands, also if stop is interrupted.

RUN is a run's ID, the beginning of one, or "latest".`,
		Args: takes(1, 1, "a run"),

		ValidArgsFunction: completeRunning(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			if within <= 0 {
				return usagef("--timeout %s is not a positive duration", within).withHint("such as --timeout 30s")
			}
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				return stopRun(cmd.Context(), stopping{env: env, store: s, dir: dir, within: within}, given[0], reason)
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().StringVar(&reason, "reason", "", "why, which the record keeps")
	cmd.Flags().DurationVar(&within, "timeout", stopPatience, "how long to wait for the run to end")
	return cmd
}

// stopping is a run that was asked to stop.
type stopping struct {
	env    Env
	store  *store.Reader
	dir    storeFlag
	within time.Duration
	run    string
}

func stopRun(ctx context.Context, s stopping, name, reason string) error {
	run, err := app.FindRun(ctx, s.store, name)
	if err != nil {
		return err
	}
	s.run = run.ID
	process, _ := s.store.Carrier(run.ID)
	if err := s.store.RequestStop(run.ID, strings.TrimSpace(reason)); errors.Is(err, store.ErrNotRunning) {
		return s.notRunning(ctx, run)
	} else if err != nil {
		return core.Errorf(core.ErrorInternal, "%w", err).WithHint("end the process (%s) instead: kill stops the run in an orderly way, too", process)
	}
	fmt.Fprintf(s.env.Stderr, "run %s: asking process %s to stop\n", run.ID, process)
	if err := s.await(ctx, process); err != nil {
		return err
	}
	if run, err = s.store.Run(ctx, run.ID); err != nil {
		return err
	}
	writeStopped(s.env, run, s.dir)
	return nil
}

// await waits until no process carries the run out.
func (s stopping) await(ctx context.Context, process string) error {
	tick, report, late := time.NewTicker(lookEvery), time.NewTicker(reportEvery), time.NewTimer(s.within)
	defer tick.Stop()
	defer report.Stop()
	defer late.Stop()
	began := time.Now()
	for {
		select {
		case <-tick.C:
			if _, running := s.store.Carrier(s.run); !running {
				return nil
			}
		case <-report.C:
			fmt.Fprintf(s.env.Stderr, "run %s: ending its conversations for %s\n", s.run, view.Round(time.Since(began)))
		case <-late.C:
			number, _, _ := strings.Cut(process, " ")
			return core.Errorf(core.ErrorTimeout, "run %s has not ended within %s: process %s does not react", s.run, s.within, process).
				WithHint("kill -9 %s ends it: what was answered is recorded, and orchestrator resume%s %s carries the run on; until then the request stands", number, s.dir.flag(), s.run)
		case <-ctx.Done():
			fmt.Fprintf(s.env.Stderr, "run %s: not waiting any longer; the request stands\n", s.run)
			return context.Cause(ctx)
		}
	}
}

// notRunning is the error for a run that no process carries out. It names the
// runs in progress.
func (s stopping) notRunning(ctx context.Context, run store.Run) error {
	ids, err := running(ctx, s.store)
	if err != nil {
		return err
	}
	hint := "no run of this store is being carried out"
	if len(ids) > 0 {
		hint = "these are being carried out: " + strings.Join(ids, ", ")
	}
	return usagef("run %s is not being carried out: it is %s", run.ID, run.Status).withHint("%s", hint)
}

// running returns the IDs of the runs in progress, the latest first.
func running(ctx context.Context, s *store.Reader) ([]string, error) {
	runs, err := s.Runs(ctx)
	var ids []string
	for _, r := range runs {
		if _, ok := s.Carrier(r.ID); ok {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}

// writeStopped prints how a stopped run ended.
func writeStopped(env Env, run store.Run, dir storeFlag) {
	held := 0
	for _, n := range run.Outcomes {
		held += n
	}
	fmt.Fprintf(env.Stdout, "run %s: %s, %d of %s held\n", run.ID, run.Status, held, phrase.Count(run.Trials, "trial"))
	if run.Message != "" {
		fmt.Fprintf(env.Stdout, "  %s\n", view.Indented(run.Message))
	}
	if run.Status != store.Finished {
		fmt.Fprintf(env.Stdout, "go on: orchestrator resume%s %s\n", dir.flag(), run.ID)
	}
}

// completeRunning proposes the IDs of the runs in progress.
func completeRunning(dir *storeFlag) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		if len(given) == 0 {
			_ = dir.read(cmd.Context(), func(s *store.Reader) (err error) {
				found, err = running(cmd.Context(), s)
				return err
			}) // a shell cannot show an error
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
