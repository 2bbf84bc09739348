package cli

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/converters"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/scorers"
	"github.com/redteam-orchestrator/orchestrator/targets"
)

// pluginServe is the hidden command by which this program, started again,
// serves the components that it ships with: they travel the same road as a
// third party's.
const pluginServe = "plugin-serve"

func bundledComponents() []core.Component {
	return slices.Concat(targets.All(), converters.All(), scorers.All())
}

// bundledPermissions are what the bundled components do beside computing. The
// programs and files that a campaign names come on top of them, where the user
// allows these.
func bundledPermissions() core.Permissions {
	return core.Permissions{Network: true, Programs: speech.Programs()}
}

func newPluginServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    pluginServe,
		Hidden: true,
		// What may stand behind it, Serve knows.
		DisableFlagParsing: true,
		Run: func(*cobra.Command, []string) {
			info := plugins.Info{Name: "orchestrator", Version: version(), Permissions: bundledPermissions()}
			plugins.Serve(info, bundledComponents()...)
		},
	}
}
