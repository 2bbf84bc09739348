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

// pluginServe is the hidden command with which this program is started again to
// serve the bundled components, in the same way as a third party's.
const pluginServe = "plugin-serve"

func bundledComponents() []core.Component {
	return slices.Concat(targets.All(), converters.All(), scorers.All())
}

// bundles reports whether a component is a bundled one.
func bundles(kind core.Kind, name string) bool {
	return slices.ContainsFunc(bundledComponents(), func(c core.Component) bool { return c.Info.Kind == kind && c.Info.Name == name })
}

// bundledPermissions are those of the bundled components. Programs and files
// that a campaign names are added where the user allows these.
func bundledPermissions() core.Permissions {
	return core.Permissions{Network: true, Programs: speech.Programs()}
}

func newPluginServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    pluginServe,
		Hidden: true,
		// Serve checks the arguments.
		DisableFlagParsing: true,
		Run: func(*cobra.Command, []string) {
			info := plugins.Info{Name: "orchestrator", Version: version(), Permissions: bundledPermissions()}
			plugins.Serve(info, bundledComponents()...)
		},
	}
}
