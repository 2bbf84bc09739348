package cli

import (
	"bytes"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// newRun says what the record keeps so that the run can be explained later, and
// resumed.
func (c *conduct) newRun(r *reading, p *plan.Plan, catalog *host.Catalog) (store.Run, error) {
	of := r.campaign
	path, err := filepath.Abs(of.File)
	if err != nil {
		return store.Run{}, core.Errorf(core.ErrorInternal, "finding the campaign's folder: %w", err)
	}
	run := store.Run{
		ID:            c.runID,
		Campaign:      of.Name,
		File:          of.File,
		Path:          path,
		Source:        of.Source,
		Authorization: of.Scope.Authorization,
		Trials:        len(p.Trials),
		Version:       version(),
		Started:       c.env.Now(),
		Plugins:       pluginsOf(p, catalog, r.choice),
	}
	if secret := c.holdsSecret(of.Files); secret != "" {
		fmt.Fprintf(c.log, "orchestrator: warning: %s holds a secret of the run: the campaign's files are not kept, and the run can be neither resumed nor replayed\n", secret)
		return run, nil
	}
	run.Files, run.Plan = filesOf(of), p.Fingerprint()
	return run, nil
}

// filesOf are the files that a campaign names, as the record keeps them.
func filesOf(c *campaign.Campaign) []store.File {
	var files []store.File
	for _, f := range c.Files {
		files = append(files, store.File(f))
	}
	return files
}

// holdsSecret returns the name of a text that holds a secret of the run, or "".
// In sounds and images a sequence of bytes that equals a secret is a coincidence.
func (c *conduct) holdsSecret(files []campaign.File) string {
	for _, f := range files {
		if utf8.Valid(f.Data) && !bytes.Equal(c.redactor.Bytes(f.Data), f.Data) {
			return f.Name
		}
	}
	return ""
}

// pluginsOf says which plugins a run has.
func pluginsOf(p *plan.Plan, catalog *host.Catalog, choice install.Choice) []store.Plugin {
	var all []store.Plugin
	for _, plugin := range catalog.Plugins() {
		all = append(all, store.Plugin{
			Name: plugin.Name, Version: plugin.Version, SHA256: plugin.SHA256, Trust: trustOf(plugin, choice),
			Permissions: permitted(plugin, p), Sandbox: plugin.Sandbox,
		})
	}
	return all
}

// trustOf says how a plugin's program was checked.
func trustOf(p host.Plugin, choice install.Choice) store.Trust {
	_, unlocked := choice.Unlocked[p.Name]
	switch {
	case p.Attached:
		return store.Attached
	case p.Bundled:
		return store.Bundled
	case unlocked:
		return store.Unlocked
	default:
		return store.Locked
	}
}
