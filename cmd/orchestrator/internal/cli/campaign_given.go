package cli

import (
	"io"
	"os"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// readGiven returns the environment in which a campaign that is named "-" is the standard
// input. What it names is looked for in the current folder.
func readGiven(env Env, files ...string) (Env, error) {
	if !slices.Contains(files, standardStream) {
		return env, nil
	}
	text, err := io.ReadAll(io.LimitReader(env.Stdin, yamlfile.MaxFile+1))
	if err != nil {
		return env, core.Errorf(core.ErrorConfig, "reading the campaign from the standard input: %w", err)
	}
	env.Files = draft{env.Files, standardStream, string(text)}
	return env, nil
}

// inFolders replaces the folders among files by the campaigns in them.
func inFolders(env Env, given []string) ([]string, error) {
	var files []string
	for _, name := range given {
		if info, err := os.Stat(name); err != nil || !info.IsDir() {
			files = append(files, name)
			continue
		}
		found, err := campaignFiles(env.Files, []string{name})
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}
