package cli

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// maxSecret bounds a file that holds a secret.
const maxSecret = 1 << 20

// secretFlags say which files a campaign may name as secrets. A campaign may
// be somebody else's: on its own it reads what is in its folder, and nothing
// that is this user's.
type secretFlags struct{ dirs []string }

func (f *secretFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "secret-dir", nil, "`folder` whose files a campaign may name as secrets, or have a component read, by absolute path; may be repeated")
}

// locate returns the folder that a file with a secret must not leave, and its
// name within it.
func (f *secretFlags) locate(campaign, name string) (folder, within string, err error) {
	if !filepath.IsAbs(name) {
		if filepath.IsLocal(name) {
			return filepath.Dir(campaign), name, nil
		}
		return "", "", core.Errorf(core.ErrorConfig, "the secret file %s is outside the campaign's folder", name).
			WithHint("name it by its absolute path, and allow its folder with --secret-dir")
	}
	for _, dir := range f.dirs {
		absolute, err := filepath.Abs(dir)
		if err != nil {
			return "", "", err
		}
		if within, err := filepath.Rel(absolute, name); err == nil && filepath.IsLocal(within) {
			return absolute, within, nil
		}
	}
	return "", "", core.Errorf(core.ErrorConfig, "the secret file %s is not below a folder that was allowed", name).
		WithHint("--secret-dir %s allows it, if you trust the campaign with it", filepath.Dir(name))
}

// check reports the files that a campaign names as secrets and may not read.
func (f *secretFlags) check(c *campaign.Campaign, p *plan.Plan) error {
	var configs [][]byte
	for _, t := range p.Targets {
		configs = append(configs, t.Config)
	}
	for _, v := range p.Converters {
		configs = append(configs, v.Config)
	}
	for _, s := range p.Scorers {
		configs = append(configs, s.Config)
	}
	for _, w := range c.Notify {
		configs = append(configs, w.Config())
	}
	var wrong []error
	seen := map[string]bool{}
	for _, config := range configs {
		references, err := secret.References(config)
		if err != nil {
			return core.Errorf(core.ErrorConfig, "%w", err)
		}
		for _, ref := range references {
			if ref.Scheme != secret.SchemeFile || seen[ref.Name] {
				continue
			}
			seen[ref.Name] = true
			if _, _, err := f.locate(c.File, ref.Name); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	return errors.Join(wrong...)
}

// lookup resolves a campaign's secret references from the environment and from
// files.
func (f *secretFlags) lookup(env Env, campaign string) secret.Lookup {
	return func(ref secret.Reference) (string, error) {
		switch ref.Scheme {
		case secret.SchemeEnv:
			value, ok := env.LookupEnv(ref.Name)
			if !ok {
				return "", core.Errorf(core.ErrorConfig, "the environment variable %s is not set", ref.Name).WithHint("export %s before the run", ref.Name)
			}
			return value, nil
		case secret.SchemeFile:
			folder, within, err := f.locate(campaign, ref.Name)
			if err != nil {
				return "", err
			}
			data, err := env.ReadFile(folder, within, maxSecret)
			if err != nil {
				return "", core.Errorf(core.ErrorConfig, "the secret file %s cannot be read: %w", ref.Name, err)
			}
			return string(bytes.TrimRight(data, "\r\n")), nil
		default:
			return "", fmt.Errorf("unknown scheme %q", ref.Scheme)
		}
	}
}
