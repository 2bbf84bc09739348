package cli

import (
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
)

// pluginHost is the hidden command with which this program is started again as
// the host that "plugins test" kills.
const pluginHost = "plugin-host"

func newPluginHostCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:    pluginHost,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return conformance.ServeHost(cmd.Context(), env.Stdin, env.Stdout)
		},
	}
}
