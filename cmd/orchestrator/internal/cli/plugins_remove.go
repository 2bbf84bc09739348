package cli

import (
	"fmt"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newPluginsRemoveCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME[@VERSION]",
		Short: "Remove an installed plugin, or one version of it",
		Args:  takes(1, 1, "one plugin"),

		ValidArgsFunction: completeInstalled(env),
		RunE: func(_ *cobra.Command, given []string) error {
			name, version, _ := strings.Cut(given[0], "@")
			gone, err := install.Remove(installDir(env), name, version)
			if err != nil {
				return err
			}
			for _, v := range gone {
				fmt.Fprintf(env.Stdout, "removed %s %s\n", name, v)
			}
			return nil
		},
	}
}

// completeInstalled proposes the plugins that are installed.
func completeInstalled(env Env) completion {
	return func(_ *cobra.Command, given []string, _ string) (names []string, _ cobra.ShellCompDirective) {
		if len(given) == 0 {
			for _, p := range host.Discover([]string{installDir(env)}, hclog.NewNullLogger()) {
				names = append(names, p.Name+"@"+p.Version)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}
