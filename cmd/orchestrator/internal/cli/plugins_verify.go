package cli

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newPluginsVerifyCommand(env Env) *cobra.Command {
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "verify [CAMPAIGN]",
		Short: "Check that plugins are what was installed, or what a campaign locks",
		Long: `verify takes the checksum of every third-party plugin again, and compares it with
what was installed; with a campaign, that of the plugins in its lock. The plugin
that comes with the orchestrator is compared with what the orchestrator was built
with. It starts none of them. The exit code is 2 where something is wrong.`,
		Args: takes(0, 1, "at most one campaign's file"),
		RunE: func(_ *cobra.Command, given []string) error {
			plugins, err := flags.plugins(env, env.Stderr)
			if err != nil {
				return err
			}
			found, own := plugins.Discover(), verifiedCompanions(plugins.Companions)
			if len(given) == 0 {
				return reportVerified(env, append(own, install.Verify(found)...))
			}
			folders, err := readFolders(env.Files, given)
			if err != nil {
				return err
			}
			if folders[0].lock == nil {
				return core.Errorf(core.ErrorConfig, "there is no lock beside %s", given[0]).
					WithHint("orchestrator plugins lock %s makes one", given[0])
			}
			return reportVerified(env, append(own, install.VerifyLock(folders[0].lock, found)...))
		},
	}
	flags.registerSearch(cmd)
	return cmd
}

// verifiedCompanions verifies the companions. One that is missing, and that this program
// was built without, is left out.
func verifiedCompanions(all []app.Companion) []install.Verified {
	var verified []install.Verified
	for _, c := range all {
		switch {
		case !c.Missing:
			verified = append(verified, install.VerifyProgram(c.Program()))
		case c.SHA256 != "":
			what, _ := c.NotThere()
			verified = append(verified, install.Verified{Program: host.Program{Name: c.Name, Companion: true}, Finding: install.Missing, Why: what})
		}
	}
	return verified
}

// reportVerified prints findings as a table, followed by their reasons.
func reportVerified(env Env, all []install.Verified) error {
	lines := [][]string{{"PLUGIN", "VERSION", "FINDING", "SHA-256", "PROGRAM"}}
	wrong, hint := 0, ""
	for _, v := range all {
		lines = append(lines, []string{
			v.Name, cmp.Or(v.Version, "-"), string(v.Finding), cmp.Or(phrase.ShortSum(v.Is), "-"), cmp.Or(v.Path, "-"),
		})
		if v.Finding != install.OK && v.Finding != install.Unlocked {
			wrong++
			if v.Companion {
				hint = app.WhereCompanionsAre
			}
		}
	}
	view.Aligned(env.Stdout, lines, func(int) bool { return true })
	if wrong == 0 {
		return nil
	}
	for _, v := range all {
		if v.Why != "" {
			fmt.Fprintf(env.Stdout, "\n%s: %s: %s\n", strings.TrimSpace(v.Name+" "+v.Version), v.Finding, phrase.OneLine(v.Why))
		}
	}
	return core.Errorf(core.ErrorConfig, "not what was installed or locked: %d of %s", wrong, phrase.Count(len(all), "plugin")).WithHint("%s", hint)
}
