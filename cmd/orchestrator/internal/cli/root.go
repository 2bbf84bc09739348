package cli

import (
	"context"
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Main runs the program with the process's arguments and streams, and returns
// its exit code. The first SIGINT, SIGTERM or SIGHUP asks the command to stop
// and leave a consistent record; a second one ends the process at once.
func Main() int {
	ctx, stop := signalContext()
	defer stop()
	env, err := systemEnv()
	if err != nil {
		printError(env.Stderr, err)
		return exitNoEvidence
	}
	if _, ok := env.LookupEnv("GOGC"); !ok {
		debug.SetGCPercent(host.GCPercent)
	}
	return Run(ctx, env)
}

// Run runs one command line and returns its exit code.
func Run(ctx context.Context, env Env) int {
	if env.Files == nil {
		env.Files = osFiles{}
	}
	env.raw = env.Stdout
	out := &output{w: view.Printable(env.Stdout)}
	env.Stdout = out
	root := newRootCommand(env)
	root.SetArgs(env.Args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	err := root.ExecuteContext(ctx)
	if _, ok := errors.AsType[usageError](err); err != nil && !understood && !ok {
		err = usagef("%w", err) // cobra found an error in the arguments
	}
	err = out.explain(err)
	printError(view.Printable(env.Stderr), err)
	return exitCode(err)
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

		RunE: func(cmd *cobra.Command, _ []string) error { return printVersion(cmd, env.Stdout) },
	}
	root.Flags().BoolP("version", "v", false, "version for orchestrator")
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.AddCommand(
		newNewCommand(env),
		newRunCommand(env),
		newResumeCommand(env),
		newStopCommand(env),
		newReplayCommand(env),
		newRescoreCommand(env),
		newServeCommand(env),
		newScheduleCommand(env),
		newValidateCommand(env),
		newPlanCommand(env),
		newDoctorCommand(env),
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
		if cmd.HasSubCommands() { // a command that only has subcommands
			cmd.Args = noSuchCommand
			cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	return root
}
