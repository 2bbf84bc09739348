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
	out := &output{w: printable{env.Stdout}}
	env.Stdout = out
	root := newRootCommand(env)
	root.SetArgs(env.Args)
	err := root.ExecuteContext(ctx)
	if out.err != nil {
		err = errors.Join(err, fmt.Errorf("writing the output: %w", out.err))
	}
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

func newRootCommand(env Env) *cobra.Command {
	root := &cobra.Command{
		Use:   "orchestrator",
		Short: "Attack AI systems that you are authorised to test, and trust the answer",
		Long: `orchestrator holds the conversations that a campaign file describes, by voice
and by text, with the systems that it names, and judges the replies.

Exit codes: 0 nothing found; 1 findings; 2 the campaign or the command line is
wrong, and nothing was sent; 3 the run could not give evidence; 130 stopped by
a signal.`,
		Args:          noSuchCommand,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2, // of the same letters, but for two
		RunE:                       func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usagef("%w", err) })
	root.AddCommand(
		newRunCommand(env),
		newValidateCommand(env),
		newShowCommand(env),
		newListCommand(env),
		newPluginsCommand(env),
		newVersionCommand(env),
		newPluginServeCommand(),
	)
	return root
}

// noSuchCommand reports an unknown command with the nearest known one.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usagef("unknown command %q; did you mean %q?", args[0], near[0])
	}
	return usagef("unknown command %q", args[0])
}

// args wraps one of cobra's argument checks so that its complaint counts as a
// mistake on the command line.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usagef("%s: %w", cmd.CommandPath(), err)
		}
		return nil
	}
}
