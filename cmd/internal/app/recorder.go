package app

import (
	"bytes"
	"cmp"
	"context"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// recorder decides what is recorded of a run so that it can be explained and
// resumed.
type recorder struct {
	files    Files
	redactor *secret.Redactor
	log      Log
	version  string
}

// begin begins the record of a new run.
func (r recorder) begin(spec Spec, l *loadedCampaign, catalog *host.Catalog, run *activeRun) {
	p := run.plan
	run.options.Recording.Calls = spec.Record
	run.begin = func(ctx context.Context) (*store.Journal, error) {
		made, err := r.newRun(l, p, catalog)
		if err != nil {
			return nil, err
		}
		made.ID, made.Recorded = spec.ID, spec.Record
		if spec.Record {
			made.Components = cassette.CatalogOf(l.campaign.Uses(), catalog)
		}
		return run.store.CreateRun(ctx, made)
	}
}

// newRun returns the properties of the run that are recorded.
func (r recorder) newRun(l *loadedCampaign, p *plan.Plan, catalog *host.Catalog) (store.Run, error) {
	c := l.campaign
	path, err := r.files.Abs(c.File)
	if err != nil {
		return store.Run{}, core.Errorf(core.ErrorInternal, "finding the campaign's folder: %w", err)
	}
	made := store.Run{
		Campaign:      c.Name,
		File:          c.File,
		Path:          path,
		Source:        c.Source,
		Authorization: c.Scope.Authorization,
		Trials:        len(p.Trials),
		Selection:     p.Selection,
		Version:       r.version,
		Started:       time.Now(),
		Plugins:       pluginsOf(p, catalog, l.choice),
		Plain:         plainOf(p),
		Values:        l.values(),
	}
	secret := cmp.Or(r.redactValues(made.Values), r.holdsSecret(c.Files))
	if secret != "" {
		r.log.Warn(secret + " holds a secret of the run: the campaign's files are not kept, and the run can be neither resumed nor replayed")
		return made, nil
	}
	made.Files, made.Plan = filesOf(c), p.Fingerprint()
	return made, nil
}

// plainOf returns the addresses that a plan's components speak to in the clear, for
// the record.
func plainOf(p *plan.Plan) []store.PlainAddress {
	var all []store.PlainAddress
	for _, a := range p.Plain() {
		all = append(all, store.PlainAddress{Definition: a.Definition.String(), Host: a.Host})
	}
	return all
}

// filesOf returns the files that a campaign names, for the record.
func filesOf(c *campaign.Campaign) []store.File {
	var files []store.File
	for _, f := range c.Files {
		files = append(files, store.File(f))
	}
	return files
}

// redactValues removes the secrets of the run from values. It returns the first one
// that held any, or "".
func (r recorder) redactValues(values []store.Value) (held string) {
	for i, v := range values {
		values[i].Value = r.redactor.String(v.Value)
		if values[i].Value != v.Value && held == "" {
			held = v.Name
		}
	}
	return held
}

// holdsSecret returns the name of a text that holds a secret of the run, or "".
// Sounds and images are not searched: a sequence of bytes in them that equals a
// secret is a coincidence.
func (r recorder) holdsSecret(files []campaign.File) string {
	for _, f := range files {
		if utf8.Valid(f.Data) && !bytes.Equal(r.redactor.Bytes(f.Data), f.Data) {
			return f.Name
		}
	}
	return ""
}

// pluginsOf returns the plugins of a run.
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

// trustOf returns how a plugin's program was checked.
func trustOf(p host.Plugin, choice install.Choice) store.Trust {
	_, unlocked := choice.Unlocked[p.Name]
	switch {
	case p.Attached:
		return store.Attached
	case p.Bundled:
		return store.Bundled
	case p.Companion && p.Verified:
		return store.Companion
	case p.Companion, unlocked:
		return store.Unlocked
	default:
		return store.Locked
	}
}
