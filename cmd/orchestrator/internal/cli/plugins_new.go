package cli

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/scaffold"
)

// released matches the versions that the module proxy can have.
var released = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[a-z]+\.?[0-9]*)?$`)

func newPluginsNewCommand(env Env) *cobra.Command {
	var kind, module, sdk string
	cmd := &cobra.Command{
		Use:   "new NAME --kind converter|scorer|target",
		Short: "Write the folder of a new plugin in Go",
		Long: `new writes a folder NAME with a plugin in Go: a program with one small component,
its tests, a campaign that uses it and a README. It is complete: change what it
does. Nothing is overwritten.`,
		Args: takes(1, 1, "the plugin's name"),
		RunE: func(_ *cobra.Command, given []string) error {
			p := scaffold.Plugin{Name: given[0], Kind: core.Kind(kind), Module: module, Version: version()}
			if module == "" {
				p.Module = "example.com/orchestrator-plugin-" + p.Name
			}
			return writePlugin(env, p, sdk)
		},
	}
	cmd.Flags().StringVar(&kind, "kind", "", "what its component is: converter, scorer or target")
	cmd.Flags().StringVar(&module, "module", "", "`path` of its Go module (default example.com/orchestrator-plugin-NAME)")
	cmd.Flags().StringVar(&sdk, "sdk", "", "build against a checkout of this project in a `folder`, not against a release")
	completeFlag(cmd, "kind", "converter", "scorer", "target")
	return cmd
}

func writePlugin(env Env, p scaffold.Plugin, sdk string) error {
	switch {
	case p.Kind == "":
		return usagef("orchestrator plugins new needs --kind").withHint("--kind converter, --kind scorer or --kind target")
	case sdk != "":
		absolute, err := filepath.Abs(sdk)
		if err != nil {
			return fmt.Errorf("finding the checkout: %w", err)
		}
		p.Checkout, p.Version = absolute, "v0.0.0"
	case !released.MatchString(p.Version):
		return usagef("version %s of the orchestrator is no release, so there is no version of the SDK to require", p.Version).
			withHint("build against a checkout of this project: --sdk FOLDER")
	}
	files, err := p.Write(p.Name)
	if err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "%s: %s\n\nnext:\n", p.Name, strings.Join(files, ", "))
	commands := []string{"cd " + p.Name}
	if p.Checkout == "" {
		commands = append(commands, "go mod tidy")
	}
	binary := "orchestrator-plugin-" + p.Name
	commands = append(commands,
		"go test .",
		"go build -o "+binary+" .",
		"orchestrator plugins test ./"+binary,
		"orchestrator plugins install ./"+binary,
		"orchestrator plugins lock campaign.yaml",
		"orchestrator run campaign.yaml",
	)
	for _, c := range commands {
		fmt.Fprintf(env.Stdout, "  %s\n", c)
	}
	return nil
}
