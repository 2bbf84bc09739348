package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func newShowCommand(env Env) *cobra.Command {
	var dir storeFlag
	cmd := &cobra.Command{
		Use:   "show [RUN [TRIAL]]",
		Short: "Show a run, or everything that was said in one of its trials",
		Long: `show prints a run: its outcomes and its trials. With a trial, it prints that
trial's whole conversation: what was written, what was sent, what came back and
how it was judged.

RUN is a run's ID, the beginning of one, or "latest", which is the default.`,
		Args: args(cobra.MaximumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			return dir.use(cmd.Context(), func(s *store.Store) error {
				return show(cmd.Context(), env.Stdout, s, given)
			})
		},
	}
	dir.register(cmd, env)
	return cmd
}

func show(ctx context.Context, w io.Writer, s *store.Store, given []string) error {
	name := "latest"
	if len(given) > 0 {
		name = given[0]
	}
	run, err := s.Run(ctx, name)
	if err != nil {
		return notFound(err, "orchestrator list shows all runs")
	}
	if len(given) < 2 {
		return showRun(ctx, w, s, run)
	}
	return showTrial(ctx, w, s, run, given[1])
}

func showRun(ctx context.Context, w io.Writer, s *store.Store, run store.Run) error {
	trials, err := s.Trials(ctx, run.ID)
	if err != nil {
		return err
	}
	writeRun(w, run)
	if err := writeTable(w, trials, run.Trials); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "TRIAL\tOUTCOME\tREASON")
	for _, trial := range trials {
		fmt.Fprintf(t, "%s\t%s\t%s\n", trial.ID, outcomeOf(trial), cell(reasonOf(trial)))
	}
	return t.Flush()
}

func outcomeOf(t store.Trial) string {
	if t.Result == nil {
		return "not ended"
	}
	return string(t.Result.Outcome)
}

func reasonOf(t store.Trial) string {
	if t.Result == nil {
		return ""
	}
	return t.Result.Reason
}

func writeRun(w io.Writer, run store.Run) {
	fmt.Fprintf(w, "run %s: %s\n", run.ID, run.Status)
	if run.Message != "" {
		fmt.Fprintf(w, "  %s\n", indented(run.Message))
	}
	fmt.Fprintf(w, "campaign       %s (%s)\n", run.Campaign, run.File)
	if run.Authorization != "" {
		fmt.Fprintf(w, "authorization  %s\n", indented(run.Authorization))
	}
	fmt.Fprintf(w, "started        %s\n", run.Started.Local().Format(time.RFC3339))
	if !run.Ended.IsZero() {
		fmt.Fprintf(w, "ended          %s, after %s\n", run.Ended.Local().Format(time.RFC3339), round(run.Ended.Sub(run.Started)))
	}
	fmt.Fprintf(w, "orchestrator   %s\n", run.Version)
	for _, p := range run.Plugins {
		fmt.Fprintf(w, "plugin         %s %s, SHA-256 %s\n", p.Name, p.Version, p.SHA256)
	}
	fmt.Fprintln(w)
}

func showTrial(ctx context.Context, w io.Writer, s *store.Store, run store.Run, id string) error {
	trial, err := s.Trial(ctx, run.ID, id)
	if err != nil {
		return notFound(err, "orchestrator show "+run.ID+" lists its trials")
	}
	turns, err := s.Turns(ctx, run.ID, trial.ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "trial %s: %s\n", trial.ID, outcomeOf(trial))
	if reason := reasonOf(trial); reason != "" {
		fmt.Fprintf(w, "  %s\n", indented(reason))
	}
	fmt.Fprintf(w, "objective  %s\n", indented(trial.Objective))
	fmt.Fprintf(w, "target     %s\n", trial.Target)
	fmt.Fprintf(w, "success    %s\n", indented(trial.Success))
	if trial.SystemPrompt != "" {
		fmt.Fprintf(w, "\nsystem\n    %s  %s\n", label("text"), showValue(core.TextValue(trial.SystemPrompt), s.ArtifactFile))
	}
	for _, t := range turns {
		writeTurn(w, t, s.ArtifactFile)
	}
	if len(turns) == 0 {
		fmt.Fprintln(w, "\n(no turn was recorded)")
	}
	return nil
}

// notFound adds a hint to an error that says that a name is that of nothing, or
// of several things: a mistake on the command line.
func notFound(err error, hint string) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrAmbiguous) {
		return usagef("%w; %s", err, hint)
	}
	return err
}
