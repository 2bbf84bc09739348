package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newPluginsLockCommand(env Env) *cobra.Command {
	var flags hostFlags
	var check bool
	cmd := &cobra.Command{
		Use:   "lock CAMPAIGN...",
		Short: "Lock the plugins that campaigns use, as they are installed now",
		Long: `lock writes plugins.lock.yaml beside the campaigns: of each plugin that they use,
the highest installed version that they allow, and what its program must be.
Runs of these campaigns start nothing else. It prints what changes.`,
		Args: takes(1, math.MaxInt, "the campaigns' files"),
		RunE: func(cmd *cobra.Command, given []string) error {
			found, err := flags.discover(env, env.Stderr)
			if err != nil {
				return err
			}
			folders, err := readFolders(given)
			if err != nil {
				return err
			}
			differs := false
			for _, f := range folders {
				changed, err := f.relock(cmd.Context(), env, found, &flags, !check)
				if err != nil {
					return err
				}
				differs = differs || changed
			}
			if differs && check {
				return core.Errorf(core.ErrorConfig, "the lock is not what would be locked now").
					WithHint("orchestrator plugins lock, with the same campaigns, brings it up to date")
			}
			return nil
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&check, "check", false, "change nothing, and end with exit code 2 where something would change")
	return cmd
}

// campaignFolder is a folder with campaigns, which share a lock.
type campaignFolder struct {
	dir       string
	campaigns []*campaign.Campaign
	// lock is nil where there is none.
	lock *install.Lock
}

// readFolders reads campaigns and the locks beside them. A campaign with any
// mistake is an error.
func readFolders(files []string) ([]*campaignFolder, error) {
	var folders []*campaignFolder
	byDir := map[string]*campaignFolder{}
	var wrong []error
	for _, file := range files {
		c, problems, err := readCampaign(file)
		if err != nil {
			return nil, err
		}
		if len(problems) > 0 {
			wrong = append(wrong, wrongCampaign{problems, c.Source})
			continue
		}
		dir := filepath.Dir(file)
		f := byDir[dir]
		if f == nil {
			f = &campaignFolder{dir: dir}
			if f.lock, err = readLock(dir); err != nil {
				return nil, err
			}
			byDir[dir] = f
			folders = append(folders, f)
		}
		f.campaigns = append(f.campaigns, c)
	}
	return folders, errors.Join(wrong...)
}

// readLock reads the lock of a folder; nil where there is none.
func readLock(dir string) (*install.Lock, error) {
	lock, err := install.ReadLock(dir)
	if problems, ok := errors.AsType[yamlfile.Problems](err); ok {
		return nil, wrongCampaign{problems, lock.Source}
	}
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "%w", err)
	}
	return lock, nil
}

func (f *campaignFolder) required() []requirement.Requirement {
	var all []requirement.Requirement
	for _, c := range f.campaigns {
		all = append(all, c.Plugins...)
	}
	return all
}

// relock prints what changes in a folder's lock, and writes it if that is
// wanted. It reports whether anything changes.
func (f *campaignFolder) relock(ctx context.Context, env Env, found []host.Program, flags *hostFlags, write bool) (bool, error) {
	updater := install.Updater{Dir: f.dir, Found: found, Describe: flags.describer(env)}
	lock, err := updater.Update(ctx, f.lock, f.required())
	if err != nil {
		return false, err
	}
	path := filepath.Join(f.dir, install.LockName)
	changes := install.Differences(f.lock, lock)
	if len(changes) == 0 {
		fmt.Fprintf(env.Stdout, "%s: up to date, %s\n", path, count(len(lock.Plugins), "plugin"))
		return false, nil
	}
	fmt.Fprintf(env.Stdout, "%s: %s\n", path, count(len(changes), "change"))
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
