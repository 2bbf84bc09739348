package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// maxSecret is the largest size of a file with a secret, in bytes.
const maxSecret = 1 << 20

// Secrets resolves the secrets that campaigns refer to, and decides which files
// a campaign may name. A campaign may come from a third party, so that by
// default it can only read files of its own folder.
type Secrets struct {
	// Folders are those whose files a campaign may name as secrets, or have a
	// component read, by absolute path.
	Folders   []string
	Files     Files
	LookupEnv func(name string) (string, bool)
	// Variables are those of files, where the environment has none of the name.
	Variables Variables
}

// locate returns the folder that a secret's file has to be in, and its name
// within it.
func (s *Secrets) locate(campaign, name string) (folder, within string, err error) {
	if !filepath.IsAbs(name) {
		if filepath.IsLocal(name) {
			return filepath.Dir(campaign), name, nil
		}
		return "", "", core.Errorf(core.ErrorConfig, "the secret file %s is outside the campaign's folder", name).
			WithHint("name it by its absolute path, and allow its folder with --secret-dir")
	}
	for _, dir := range s.Folders {
		absolute, err := s.Files.Abs(dir)
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

// Check reports the files that a campaign names as secrets and may not read.
func (s *Secrets) Check(c *campaign.Campaign, p *plan.Plan) error {
	var configs [][]byte
	for _, t := range p.Targets {
		configs = append(configs, t.Config)
	}
	for _, v := range p.Converters {
		configs = append(configs, v.Config)
	}
	for _, scorer := range p.Scorers {
		configs = append(configs, scorer.Config)
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
			if _, _, err := s.locate(c.File, ref.Name); err != nil {
				wrong = append(wrong, err)
			}
		}
	}
	return errors.Join(wrong...)
}

// Lookup returns the function that resolves the secret references of a campaign
// file, from the environment and from files.
func (s *Secrets) Lookup(campaign string) secret.Lookup {
	return func(ref secret.Reference) (string, error) {
		switch ref.Scheme {
		case secret.SchemeEnv:
			value, _, ok := s.lookup(ref.Name)
			if !ok {
				return "", core.Errorf(core.ErrorConfig, "the environment variable %s is not set", ref.Name).WithHint("export %s before the run, or put it into a file for --env-file", ref.Name)
			}
			return value, nil
		case secret.SchemeFile:
			folder, within, err := s.locate(campaign, ref.Name)
			if err != nil {
				return "", err
			}
			data, err := ReadFile(s.Files, folder, within, maxSecret)
			if err != nil {
				return "", core.Errorf(core.ErrorConfig, "the secret file %s cannot be read: %w", ref.Name, err)
			}
			return string(bytes.TrimRight(data, "\r\n")), nil
		default:
			return "", fmt.Errorf("unknown scheme %q", ref.Scheme)
		}
	}
}

// AllowFile returns why a component may not read a file that a campaign names;
// nil where it may. It may where the file is below a folder given with
// --secret-dir after symbolic links are resolved, as the component will resolve
// them.
func (s *Secrets) AllowFile(name string) error {
	if !filepath.IsAbs(name) {
		return core.Errorf(core.ErrorConfig, "%s is not an absolute path", name).
			WithHint("a component has no folder of its own: name the file by its absolute path, and allow its folder with --secret-dir")
	}
	followed, err := s.resolve(name)
	if err != nil {
		return core.Errorf(core.ErrorConfig, "the file %s cannot be found out about: %w", name, err)
	}
	for _, dir := range s.Folders {
		absolute, err := s.Files.Abs(dir)
		if err != nil {
			return err
		}
		folder, err := s.resolve(absolute)
		if err != nil {
			return err
		}
		if below(folder, followed) {
			return nil
		}
	}
	return core.Errorf(core.ErrorConfig, "the file %s is not below a folder that was allowed", name).
		WithHint("--secret-dir %s allows it, if you trust the campaign with it", filepath.Dir(followed))
}

// resolve resolves the symbolic links in an absolute path. The part of it that
// does not exist is unchanged.
func (s *Secrets) resolve(path string) (string, error) {
	followed, err := s.Files.Resolve(path)
	if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
		return followed, err
	}
	parent, err := s.resolve(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Join(parent, filepath.Base(path)), nil
}

// below reports whether a path is within a folder, both of them absolute.
func below(folder, path string) bool {
	within, err := filepath.Rel(folder, path)
	return err == nil && within != "." && filepath.IsLocal(within)
}
