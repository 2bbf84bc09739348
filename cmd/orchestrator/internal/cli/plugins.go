package cli

import (
	"github.com/spf13/cobra"
)

func newPluginsCommand(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plugins",
		Short: "Install, lock, verify and show plugins and the components that they offer",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		newPluginsListCommand(env),
		newPluginsDescribeCommand(env),
		newPluginsInstallCommand(env),
		newPluginsRemoveCommand(env),
		newPluginsLockCommand(env),
		newPluginsVerifyCommand(env),
		newPluginsTestCommand(env),
		newPluginsNewCommand(env),
	)
	return cmd
}
