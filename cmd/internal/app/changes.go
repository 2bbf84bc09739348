package app

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// maxCampaignFile is the largest file that is compared with a recorded one, in
// bytes. A campaign cannot use larger files.
const maxCampaignFile = 64 << 20

// changedFiles compares a recorded campaign with its present files. If the
// campaign's file no longer exists, it warns and reports no change.
func (r recorder) changedFiles(recorded *campaign.Campaign) ([]string, error) {
	folder, name := filepath.Split(recorded.File)
	files := append([]campaign.File{{Name: name, Data: recorded.Source}}, recorded.Files...)
	var changed []string
	for i, f := range files {
		now, err := ReadFile(r.files, folder, filepath.FromSlash(f.Name), maxCampaignFile)
		switch {
		case i == 0 && errors.Is(err, fs.ErrNotExist):
			r.log.Warn(recorded.File + " is not there any more: the run goes on by its record")
			return nil, nil
		case errors.Is(err, fs.ErrNotExist):
			changed = append(changed, fmt.Sprintf("%s is not there any more", f.Name))
		case err != nil:
			return nil, core.Errorf(core.ErrorConfig, "comparing %s with the record: %w", f.Name, err)
		case !bytes.Equal(now, f.Data):
			changed = append(changed, difference(f, now))
		}
	}
	return changed, nil
}

// difference describes how a file differs from the recorded one. It does not
// quote the new text, which may hold secrets.
func difference(was campaign.File, now []byte) string {
	if !utf8.Valid(was.Data) {
		return fmt.Sprintf("%s has changed: %d bytes were recorded, and %d are there", was.Name, len(was.Data), len(now))
	}
	before, after := bytes.Split(was.Data, []byte("\n")), bytes.Split(now, []byte("\n"))
	line := 0
	for line < min(len(before), len(after))-1 && bytes.Equal(before[line], after[line]) {
		line++
	}
	return fmt.Sprintf("%s has changed, from line %d on; recorded was: %s", was.Name, line+1, phrase.Shorten(phrase.OneLine(string(before[line])), 60))
}

// changedPlugins describes the plugins that differ from those with which a run
// began.
func changedPlugins(was, now []store.Plugin) []string {
	var changed []string
	for _, p := range was {
		i := slices.IndexFunc(now, func(q store.Plugin) bool { return q.Name == p.Name })
		switch {
		case i < 0:
			changed = append(changed, fmt.Sprintf("plugin %s is not there any more; recorded was %s", p.Name, identity(p)))
		case identity(p) != identity(now[i]):
			changed = append(changed, fmt.Sprintf("plugin %s has changed: recorded was %s; now it is %s", p.Name, identity(p), identity(now[i])))
		case p.Sandbox != now[i].Sandbox:
			changed = append(changed, fmt.Sprintf("plugin %s is held to something else: recorded was %s; now it is %s", p.Name, p.Sandbox, now[i].Sandbox))
		}
	}
	for _, p := range now {
		if !slices.ContainsFunc(was, func(q store.Plugin) bool { return q.Name == p.Name }) {
			changed = append(changed, fmt.Sprintf("plugin %s %s is new", p.Name, identity(p)))
		}
	}
	return changed
}

// identity identifies the program of a plugin.
func identity(p store.Plugin) string {
	return fmt.Sprintf("%s, SHA-256 %s", p.Version, cmp.Or(p.SHA256, "unknown"))
}
