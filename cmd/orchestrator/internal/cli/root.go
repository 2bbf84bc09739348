package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, env Env) int {
	env.raw = env.Stdout
	out := &output{w: printable{env.Stdout}}
	env.Stdout = out
	root := newRootCommand(env)
	root.SetArgs(env.Args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	err := root.ExecuteContext(ctx)
	if _, ok := errors.AsType[usageError](err); err != nil && !understood && !ok {
		err = usagef("%w", err) // whatever cobra found wrong with the arguments
	}
	err = out.explain(err)
	printError(printable{env.Stderr}, err)
	return exitCode(err)
}

// output remembers the first error of its writer, so that those who print need
// not ask after each line.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	var n int
	n, o.err = o.w.Write(p)
	return n, o.err
}

// explain returns how a command really ended: whatever it says of a failed
// write is said once.
func (o *output) explain(err error) error {
	if o.err == nil {
		return err
	}
	lost := fmt.Errorf("writing the output: %w", o.err)
	if errors.Is(err, o.err) {
		return lost
	}
	return errors.Join(err, lost)
}

func newRootCommand(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "orchestrator",
		Short: "Attack AI systems that you are authorised to test, and trust the answer",
		Long: `orchestrator holds the conversations that a campaign file describes, by voice
and by text, with the systems that it names, and judges the replies.

Exit codes: 0 nothing found; 1 findings; 2 the campaign or the command line is
wrong, and nothing was sent; 3 the run could not give evidence; 130 stopped by
a signal or by orchestrator stop.`,
		Args:          noSuchCommand,
		SilenceErrors: true,
		SilenceUsage:  true,

		Version: version(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate(versionLine())
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.AddCommand(
		newRunCommand(env),
		newResumeCommand(env),
		newStopCommand(env),
		newReplayCommand(env),
		newRescoreCommand(env),
		newServeCommand(env),
		newScheduleCommand(env),
		newValidateCommand(env),
		newPlanCommand(env),
		newShowCommand(env),
		newListCommand(env),
		newCompareCommand(env),
		newExportCommand(env),
		newImportCommand(env),
		newRemoveCommand(env),
		newGCCommand(env),
		newInitCommand(env),
		newPluginsCommand(env),
		newVersionCommand(env),
		newPluginServeCommand(),
		newPluginLaunchCommand(env),
		newPluginHostCommand(env),
	)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "help" {
			cmd.Args = func(cmd *cobra.Command, given []string) error {
				found, rest, err := cmd.Root().Find(given)
				return errors.Join(err, noSuchCommand(found, rest))
			}
		}
		if cmd.HasSubCommands() { // and nothing that it does itself
			cmd.Args = noSuchCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}

// noSuchCommand reports an unknown command with the nearest known one.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var known []string
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			known = append(known, sub.Name())
		}
	}
	return usagef("unknown command %q", cmd.CommandPath()+" "+args[0]).suggesting(args[0], known)
}

// takes returns a check that a command gets as many arguments as it takes,
// what being their name.
func takes(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		switch {
		case len(given) < least:
			return usagef("%s needs %s", cmd.CommandPath(), what).withHint("usage: %s", cmd.UseLine())
		case len(given) > most:
			return usagef("%s takes %s; %q is too much", cmd.CommandPath(), what, given[most]).withHint("usage: %s", cmd.UseLine())
		}
		return nil
	}
}
