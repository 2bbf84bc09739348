package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
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
stopped during it, has earlier attempts: --attempt shows what was said in one.

RUN is a run's ID, the beginning of one, or "latest", which is the default.`,
		Args: takes(0, 2, "a run and a trial"),

		ValidArgsFunction: completeRuns(&dir),
		RunE: func(cmd *cobra.Command, given []string) error {
			for _, flag := range []string{"save", "attempt"} {
				if cmd.Flags().Changed(flag) && len(given) < 2 {
					return usagef("--%s needs a run and a trial", flag).withHint("usage: %s", cmd.UseLine())
				}
			}
			how.last = !cmd.Flags().Changed("attempt")
			return dir.read(cmd.Context(), func(s *store.Store) error {
				return show(cmd.Context(), env, s, given, how)
			})
		},
	}
	dir.register(cmd, env)
	cmd.Flags().StringVar(&how.save, "save", "", "`folder` to write the trial's sounds and images to, such as 2-user.wav and 2-assistant.wav")
	cmd.Flags().IntVar(&how.attempt, "attempt", 0, "show the `number`-th attempt at the trial instead of the last one")
	_ = cmd.RegisterFlagCompletionFunc("attempt", completeAttempts(&dir)) // fails only where the flag is not defined
	return cmd
}

// showing says what of a trial is shown.
type showing struct {
	// save is the folder to write sounds and images to; "" writes none.
	save string
	// last says that the last attempt is shown, and else the attempt of a number.
	last    bool
	attempt int
}

func show(ctx context.Context, env Env, s *store.Store, given []string, how showing) error {
	name := "latest"
	if len(given) > 0 {
		name = given[0]
	}
	run, err := findRun(ctx, s, name)
	if err != nil {
		return err
	}
	if len(given) < 2 {
		return showRun(ctx, env, s, run)
	}
	return showTrial(ctx, env.Stdout, s, run, given[1], how)
}

// findRun reads the run that somebody named on the command line.
func findRun(ctx context.Context, s *store.Store, name string) (store.Run, error) {
	run, err := s.Run(ctx, name)
	if name == "latest" && errors.Is(err, store.ErrNotFound) {
		return run, usagef("no runs yet: %s holds none", s.Dir()).withHint("orchestrator run makes one; --store names another store")
	}
	if err != nil {
		return run, notFound(err, "orchestrator list shows all runs")
	}
	return run, nil
}

func showRun(ctx context.Context, env Env, s *store.Store, run store.Run) error {
	trials, err := s.Trials(ctx, run.ID)
	if err != nil {
		return err
	}
	counts, err := s.Counts(ctx, run.ID)
	if err != nil {
		return err
	}
	w := env.Stdout
	connections, err := s.Connections(ctx, run.ID)
	if err != nil {
		return err
	}
	notices, err := s.Notices(ctx, run.ID)
	if err != nil {
		return err
	}
	writeRun(w, run)
	if file := eventFile(s.Dir(), run.ID); file != "" {
		fmt.Fprintf(w, "events         %s\n", file)
	}
	writeConnections(w, connections)
	writeNotices(w, notices)
	fmt.Fprintln(w)
	writeTable(w, rowsOf(counts), run.Trials)
	fmt.Fprintln(w)
	lines := [][]string{{"TRIAL", "OUTCOME", "REASON"}}
	id, outcome := 0, len(core.Undetermined)
	for _, t := range trials {
		id = max(id, utf8.RuneCountInString(t.ID))
	}
	for _, t := range trials {
		reason := cell(reasonOf(t))
		if t.Result != nil && t.Result.Outcome == core.Defended {
			reason = "" // that nothing happened needs none
		}
		lines = append(lines, []string{t.ID, outcomeOf(t), cut(reason, env.Width-id-outcome-4, env.Width > 0)})
	}
	writeAligned(w, lines, func(int) bool { return true })
	writeFailures(w, counts)
	return nil
}

// cut shortens a text to a number of columns, where that is wanted.
func cut(s string, columns int, wanted bool) string {
	letters := []rune(s)
	if columns = max(columns, 20); !wanted || len(letters) <= columns {
		return s
	}
	return string(letters[:columns-1]) + "…"
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
	switch run.OriginKind {
	case store.Replay:
		fmt.Fprintf(w, "replays        run %s\n", run.Origin)
	case store.Rescore:
		fmt.Fprintf(w, "judges again   run %s\n", run.Origin)
	}
	if run.Authorization != "" {
		fmt.Fprintf(w, "authorization  %s\n", indented(run.Authorization))
	}
	fmt.Fprintf(w, "started        %s\n", run.Started.Local().Format(time.RFC3339))
	if !run.Ended.IsZero() {
		fmt.Fprintf(w, "ended          %s, after %s\n", run.Ended.Local().Format(time.RFC3339), round(run.Ended.Sub(run.Started)))
	}
	fmt.Fprintf(w, "orchestrator   %s\n", run.Version)
	if run.Recorded {
		fmt.Fprintln(w, "recorded       call by call: orchestrator replay holds it again")
	}
	writeSessions(w, run)
	writePlugins(w, run.Plugins)
}

func showTrial(ctx context.Context, w io.Writer, s *store.Store, run store.Run, id string, how showing) error {
	trial, err := s.Trial(ctx, run.ID, id)
	if err != nil {
		return notFound(err, "orchestrator show "+run.ID+" lists its trials")
	}
	if how.last {
		how.attempt = trial.Attempt
	}
	if how.attempt < 1 || how.attempt > trial.Attempt {
		return usagef("--attempt %d: trial %s has %s", how.attempt, id, count(trial.Attempt, "attempt")).withHint("the first one is 1, and the last one is shown without --attempt")
	}
	history, err := s.History(ctx, run.ID, trial.ID)
	if err != nil {
		return err
	}
	said, err := s.Attempt(ctx, run.ID, trial.ID, how.attempt)
	if err != nil {
		return err
	}
	writeTrial(w, trial, how.attempt, len(said.Turns) == 0, s.ArtifactFile)
	writeHistory(w, history)
	for _, t := range said.Turns {
		writeTurn(w, t, helpFor(t.Index, said.HelperTurns), s.ArtifactFile)
	}
	writeUnsent(w, said.Turns, said.HelperTurns, s.ArtifactFile)
	if len(said.Turns) == 0 {
		fmt.Fprintln(w, "\n(no turn was recorded)")
	}
	if how.save != "" {
		return saveTurns(w, how.save, said.Turns)
	}
	return nil
}

// writeTrial prints what a trial is about, and how an attempt at it ended. silent
// says that the attempt has no turn that could show why.
func writeTrial(w io.Writer, trial store.Trial, attempt int, silent bool, file fileOf) {
	if attempt == trial.Attempt {
		writeOutcome(w, trial, silent)
	} else {
		fmt.Fprintf(w, "trial %s, attempt %d of %d: the run was stopped during it\n", trial.ID, attempt, trial.Attempt)
		fmt.Fprintln(w, "  it does not count: what came of the trial is shown without --attempt")
	}
	fmt.Fprintf(w, "objective  %s\n", indented(strings.TrimRight(trial.Objective, "\n")))
	fmt.Fprintf(w, "target     %s\n", trial.Target)
	fmt.Fprintf(w, "success    %s\n", indented(trial.Success))
	if trial.SystemPrompt != "" {
		fmt.Fprintf(w, "\nsystem\n    %s  %s\n", label("text"), showValue(core.TextValue(trial.SystemPrompt), file))
	}
}

// writeOutcome prints how a trial ended.
func writeOutcome(w io.Writer, trial store.Trial, silent bool) {
	fmt.Fprintf(w, "trial %s: %s\n", trial.ID, outcomeOf(trial))
	if reason := reasonOf(trial); reason != "" {
		fmt.Fprintf(w, "  %s\n", indented(reason))
	}
	if n := trial.Attempt - 1; n > 0 {
		fmt.Fprintf(w, "  attempt %d: the run was stopped during %s, kept and not counted (--attempt %d shows it)\n", trial.Attempt, count(n, "earlier attempt"), n)
	}
	if r := trial.Result; silent && r != nil && r.Failure != nil && r.Failure.Hint != "" { // a turn shows its own
		fmt.Fprintf(w, "  hint: %s\n", indented(r.Failure.Hint))
	}
}

// notFound adds a hint to an error that says that a name is that of nothing, or
// of several things: a mistake on the command line.
func notFound(err error, hint string) error {
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrAmbiguous) {
		return usagef("%w", err).withHint("%s", hint)
	}
	return err
}
