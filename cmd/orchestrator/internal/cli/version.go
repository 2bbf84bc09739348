package cli

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// version returns the version of this program.
func version() string { return plugins.BuildVersion() }

func newVersionCommand(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  takes(0, 0, "no arguments"),
		Run: func(*cobra.Command, []string) {
			fmt.Fprint(env.Stdout, versionLine())
			for _, c := range companions(env) {
				fmt.Fprintf(env.Stdout, "companion %s: %s\n", c.Name, stateOf(c))
			}
		},
	}
}

// stateOf says whether a companion is there, and what it has to be. It does not take its
// checksum, which lasts longer than all else that "version" does.
func stateOf(c app.Companion) string {
	switch {
	case c.Missing:
		return "missing: there is no " + c.Path
	case c.SHA256 == "":
		return "unlocked: this program was built without its checksum, as from a source tree"
	default:
		return "locked to SHA-256 " + c.SHA256
	}
}

func versionLine() string {
	return fmt.Sprintf("orchestrator %s %s %s/%s\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// printVersion carries the root command out: it prints the version if its flag is set,
// and else the help. cobra's own flag takes a template, and text/template makes the
// linker keep every method of the program.
func printVersion(root *cobra.Command, w io.Writer) error {
	asked, err := root.Flags().GetBool("version")
	if err != nil || !asked {
		return errors.Join(err, root.Help())
	}
	fmt.Fprint(w, versionLine())
	return nil
}
