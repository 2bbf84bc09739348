package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// pluginLaunch is the hidden command with which this program is started again,
// restricts itself and becomes a plugin.
const pluginLaunch = "plugin-launch"

func newPluginLaunchCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:                pluginLaunch + " PROGRAM [ARGUMENT...]",
		Hidden:             true,
		DisableFlagParsing: true, // they are the plugin's
		RunE: func(_ *cobra.Command, argv []string) error {
			err := sandbox.Exec(argv, env.Environ) // returns only if it fails
			printError(env.Stderr, err)
			return conclusion{exitNotLaunched}
		},
	}
}
