package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

func newInitCommand(env Env) *cobra.Command {
	var trust trustFlags
	var flags hostFlags
	cmd := &cobra.Command{
		Use:   "init [CAMPAIGN...|DIRECTORY]",
		Short: "Install the plugins that campaigns use",
		Long: `init installs what campaigns require under plugins:, those of the current folder
unless others are given. What is locked comes from where the lock says, and has
to have the checksum that the lock says. What is not comes from the campaign's
source:, with --key or --unsigned, and is locked then. Where everything is there
already, nothing is contacted.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 {
				given = []string{"."}
			}
			key, err := trust.trusted(env)
			if err != nil {
				return err
			}
			files, err := campaignFiles(env.Files, given)
			if err != nil {
				return err
			}
			folders, err := readFolders(env.Files, files)
			if err != nil {
				return err
			}
			i := installer{env: env, flags: flags, key: key, unsigned: trust.unsigned}
			for _, f := range folders {
				if err := i.folder(cmd.Context(), f); err != nil {
					return err
				}
			}
			return nil
		},
	}
	flags.register(cmd)
	trust.register(cmd)
	return cmd
}

// installer installs what campaigns require.
type installer struct {
	env      Env
	flags    hostFlags
	key      *minisign.PublicKey
	unsigned bool
}

func (i installer) folder(ctx context.Context, f *campaignFolder) error {
	plugins, err := i.flags.plugins(i.env, i.env.Stderr)
	if err != nil {
		return err
	}
	found := plugins.Discover()
	fresh := 0
	var unlocked []requirement.Requirement
	for _, c := range f.campaigns {
		choice := install.Choose(c.File, c.Plugins, f.lock, found, nil)
		for _, q := range c.Plugins {
			if _, locked := f.lock.Find(q.Name); !locked {
				unlocked = append(unlocked, q)
			}
			if slices.ContainsFunc(choice.Programs, func(p host.Program) bool { return p.Name == q.Name }) {
				continue
			}
			installed, err := i.install(ctx, c, f.lock, q)
			if err != nil {
				return fmt.Errorf("%s:%d:%d: %w", c.File, q.At.Line, q.At.Column, err)
			}
			printInstalled(i.env.Stdout, installed)
			fresh++
			found = plugins.Discover()
		}
		if left := install.Choose(c.File, c.Plugins, f.lock, found, nil).Problems; len(left) > 0 {
			return app.CampaignError{Problems: left, Source: c.Source}
		}
	}
	if len(unlocked) > 0 {
		_, err := (&campaignFolder{dir: f.dir, lock: f.lock, campaigns: []*campaign.Campaign{{Plugins: unlocked}}}).relock(ctx, i.env, found, &i.flags, true)
		return err
	}
	if fresh == 0 {
		fmt.Fprintf(i.env.Stdout, "%s: everything is installed, and locked\n", f.dir)
	}
	return nil
}

// install installs one plugin: the locked one, or one from the campaign's
// source.
func (i installer) install(ctx context.Context, c *campaign.Campaign, lock *install.Lock, q requirement.Requirement) (install.Installed, error) {
	o, err := installOptions(i.env, &i.flags.confined)
	if err != nil {
		return install.Installed{}, err
	}
	o.Key, o.Unsigned = i.key, i.unsigned
	o.Want = func(name, version string) error {
		if name != q.Name || !q.Allows(version) {
			return core.Errorf(core.ErrorConfig, "the source has %s %s, and the campaign requires %s %s", name, version, q.Name, q.Version)
		}
		return nil
	}
	if l, ok := lock.Find(q.Name); ok {
		if i.key != nil && l.SignedBy != i.key.String() {
			return install.Installed{}, core.Errorf(core.ErrorConfig, "the lock does not say that plugin %q was signed with the key of --key", q.Name).
				WithHint("the lock says: %s; do without --key if you trust the lock", cmp.Or(l.SignedBy, "not signed"))
		}
		l.Source = sourceOf(c.File, l.Source)
		return install.Locked(ctx, l, o)
	}
	if q.Source == "" {
		return install.Installed{}, core.Errorf(core.ErrorConfig, "plugin %q %s is not installed, and the campaign does not say where it comes from", q.Name, q.Version).
			WithHint("orchestrator plugins install takes its program, the folder of its release or the address of its checksums")
	}
	if i.key == nil && !i.unsigned {
		return install.Installed{}, core.Errorf(core.ErrorConfig, "plugin %q comes from %s, which the campaign chose and nothing vouches for", q.Name, q.Source).
			WithHint("--key takes the publisher's minisign key, or its file; --unsigned does without")
	}
	o.Source = sourceOf(c.File, q.Source)
	return install.Install(ctx, o)
}
