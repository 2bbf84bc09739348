package cli

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// version returns the version of this program.
func version() string { return plugins.BuildVersion() }

func newVersionCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  takes(0, 0, "no arguments"),
		Run:   func(*cobra.Command, []string) { fmt.Fprint(env.Stdout, versionLine()) },
	}
}

func versionLine() string {
	return fmt.Sprintf("orchestrator %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
