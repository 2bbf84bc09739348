package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// campaignFolder is a folder with campaigns, which share a lock.
type campaignFolder struct {
	dir       string
	campaigns []*campaign.Campaign
	// lock is nil where there is none.
	lock *install.Lock
}

// readFolders reads campaigns and the locks beside them. An invalid campaign is
// an error.
func readFolders(from app.Files, files []string) ([]*campaignFolder, error) {
	var folders []*campaignFolder
	byDir := map[string]*campaignFolder{}
	var wrong []error
	for _, file := range files {
		c, problems, err := app.ReadCampaign(from, file, campaign.Given{Partial: true})
		if err != nil {
			return nil, err
		}
		if len(problems) > 0 {
			wrong = append(wrong, app.CampaignError{Problems: problems, Source: c.Source})
			continue
		}
		dir := filepath.Dir(file)
		f := byDir[dir]
		if f == nil {
			f = &campaignFolder{dir: dir}
			if f.lock, err = app.ReadLock(dir); err != nil {
				return nil, err
			}
			byDir[dir] = f
			folders = append(folders, f)
		}
		f.campaigns = append(f.campaigns, c)
	}
	return folders, errors.Join(wrong...)
}

func (f *campaignFolder) required() []requirement.Requirement {
	var all []requirement.Requirement
	for _, c := range f.campaigns {
		all = append(all, c.Plugins...)
	}
	return all
}

// relock prints the changes of a folder's lock, and writes it if requested. It
// reports whether anything changes.
func (f *campaignFolder) relock(ctx context.Context, env Env, found []host.Program, flags *hostFlags, write bool) (bool, error) {
	updater := install.Updater{Dir: f.dir, Found: found, Describe: flags.confined.describe(env)}
	lock, err := updater.Update(ctx, f.lock, f.required())
	if err != nil {
		return false, err
	}
	path := filepath.Join(f.dir, install.LockName)
	changes := install.Differences(f.lock, lock)
	if len(changes) == 0 {
		fmt.Fprintf(env.Stdout, "%s: up to date, %s\n", path, phrase.Count(len(lock.Plugins), "plugin"))
		return false, nil
	}
	fmt.Fprintf(env.Stdout, "%s: %s\n", path, phrase.Count(len(changes), "change"))
	for _, change := range changes {
		fmt.Fprintf(env.Stdout, "  %s\n", change)
	}
	if !write {
		return true, nil
	}
	if err := install.WriteLock(path, lock); err != nil {
		return true, core.Errorf(core.ErrorInternal, "%w", err)
	}
	f.lock = lock
	return true, nil
}

// sourceOf returns the source of a plugin in a campaign or its lock.
func sourceOf(file, source string) string { return requirement.Locate(filepath.Dir(file), source) }

// campaignFiles returns the campaigns for arguments that are files or folders.
func campaignFiles(from app.Files, given []string) ([]string, error) {
	var files []string
	for _, path := range given {
		info, err := os.Stat(path)
		if err != nil {
			return nil, core.Errorf(core.ErrorConfig, "%w", err).WithHint("give a campaign's file, or the folder that campaigns are in")
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		found, err := yamlFiles(path)
		if err != nil {
			return nil, core.Errorf(core.ErrorConfig, "%w", err)
		}
		for _, file := range found {
			if filepath.Base(file) != install.LockName && isCampaign(from, file) {
				files = append(files, file)
			}
		}
	}
	if len(files) == 0 {
		return nil, core.Errorf(core.ErrorConfig, "there is no campaign in %s", strings.Join(given, ", "))
	}
	return files, nil
}

// yamlFiles lists the YAML files of a folder.
func yamlFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		file := filepath.Join(folder, e.Name())
		if ext := filepath.Ext(file); !e.IsDir() && (ext == ".yaml" || ext == ".yml") {
			files = append(files, file)
		}
	}
	return files, nil
}

// isCampaign reports whether a file is a campaign, valid or not, and not
// another YAML file.
func isCampaign(from app.Files, file string) bool {
	c, _, _ := app.ReadCampaign(from, file, campaign.Given{Partial: true})
	return c != nil && len(c.Attacks) > 0
}
