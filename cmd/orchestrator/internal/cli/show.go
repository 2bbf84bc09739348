package cli

import (
	"context"
	"errors"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newShowCommand(env Env) *cobra.Command {
	var dir storeFlag
	var how showing
	cmd := &cobra.Command{
		Use:   "show [RUN [TRIAL]]",
		Short: "Show a run, or everything that was said in one of its trials",
		Long: `show prints a run: its outcomes and its trials. With a trial, it prints that
trial's whole conversation: what was written, what was sent, what came back and
how it was judged. A trial that was begun more than once, because the run was
stopped during it or it was held again, has several attempts: it lists them, shows
the one that counts, and with --attempt another.

RUN is a run's ID, the beginning of one, or "latest", which is the default.`,
		Args: takes(0, 2, "a run and a trial"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, flag := range []string{"save", "attempt"} {
				if cmd.Flags().Changed(flag) && len(given) < 2 {
					return usagef("--%s needs a run and a trial", flag).withHint("usage: %s", cmd.UseLine())
				}
			}
			how.counting = !cmd.Flags().Changed("attempt")
			return dir.read(cmd.Context(), func(s *store.Reader) error {
				return show(cmd.Context(), env, s, given, how)
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().StringVar(&how.save, "save", "", "`folder` to write the trial's sounds and images to, such as 2-user.wav and 2-assistant.wav")
	cmd.Flags().IntVar(&how.attempt, "attempt", 0, "show the `number`-th attempt at the trial instead of the one that counts")
	_ = cmd.RegisterFlagCompletionFunc("attempt", completeAttempts(&dir)) // fails only where the flag is not defined
	return cmd
}

// showing holds the options of show for a trial.
type showing struct {
	// save is the folder for sounds and images; "" writes none.
	save string
	// counting shows the attempt that counts; otherwise attempt is the number of the one
	// to show.
	counting bool
	attempt  int
}

func show(ctx context.Context, env Env, s *store.Reader, given []string, how showing) error {
	name := "latest"
	if len(given) > 0 {
		name = given[0]
	}
	run, err := app.FindRun(ctx, s, name)
	if err != nil {
		return err
	}
	if len(given) < 2 {
		return showRun(ctx, env, s, run)
	}
	return showTrial(ctx, env, s, run, given[1], how)
}

func showRun(ctx context.Context, env Env, s *store.Reader, run store.Run) error {
	trials, err := s.Trials(ctx, run.ID)
	if err != nil {
		return err
	}
	counts, err := s.Counts(ctx, run.ID)
	if err != nil {
		return err
	}
	again, err := s.HeldAgain(ctx, run.ID)
	if err != nil {
		return err
	}
	connections, err := s.Connections(ctx, run.ID)
	if err != nil {
		return err
	}
	notices, err := s.Notices(ctx, run.ID)
	if err != nil {
		return err
	}
	view.Run{
		Run: run, Trials: trials, Attacks: app.Tally(counts), Counts: counts, HeldAgain: again, Connections: connections, Notices: notices,
		Events: eventFile(s.Dir(), run.ID),
	}.Write(env.Stdout, env.Width)
	return nil
}

// eventFile returns the file of a run's event log, "" where there is none.
func eventFile(store, run string) string {
	file := eventlog.File(store, run)
	if _, err := os.Stat(file); err != nil {
		return ""
	}
	return file
}

func showTrial(ctx context.Context, env Env, s *store.Reader, run store.Run, id string, how showing) error {
	trial, err := s.Trial(ctx, run.ID, id)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrAmbiguous) {
		return usagef("%w", err).withHint("orchestrator show %s lists its trials", run.ID)
	}
	if err != nil {
		return err
	}
	if how.counting {
		how.attempt = trial.Attempt
	}
	if how.attempt < 1 || how.attempt > trial.Begun {
		return usagef("--attempt %d: trial %s has %s", how.attempt, id, phrase.Count(trial.Begun, "attempt")).withHint("the first one is 1, and the one that counts is shown without --attempt")
	}
	attempts, err := s.Attempts(ctx, run.ID, trial.ID)
	if err != nil {
		return err
	}
	history, err := s.History(ctx, run.ID, trial.ID)
	if err != nil {
		return err
	}
	said, err := s.Attempt(ctx, run.ID, trial.ID, how.attempt)
	if err != nil {
		return err
	}
	view.Trial(env.Stdout, trial, attempts, how.attempt, len(said.Turns) == 0, s.ArtifactFile)
	view.Conversation(env.Stdout, history, said, s.ArtifactFile)
	if how.save != "" {
		return saveTurns(env.Stdout, how.save, said.Turns)
	}
	return nil
}

// completeAttempts proposes the numbers of the attempts at a trial.
func completeAttempts(dir *storeFlag) completion {
	return func(cmd *cobra.Command, given []string, _ string) (found []string, _ cobra.ShellCompDirective) {
		if len(given) == 2 {
			_ = dir.read(cmd.Context(), func(s *store.Reader) error {
				run, err := s.Run(cmd.Context(), given[0])
				if err != nil {
					return err
				}
				trial, err := s.Trial(cmd.Context(), run.ID, given[1])
				for n := range trial.Begun {
					found = append(found, strconv.Itoa(n+1))
				}
				return err
			}) // a shell cannot show an error
		}
		return found, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	}
}
