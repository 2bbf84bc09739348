package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// Files reads campaigns and the files that they name.
type Files interface {
	// Open opens a folder. Nothing outside of the folder can be read through
	// it, even through symbolic links.
	Open(folder string) (Folder, error)
	// Resolve follows the symbolic links in an absolute path. It fails with
	// [fs.ErrNotExist] where the path does not exist.
	Resolve(path string) (string, error)
	// Abs makes a path absolute.
	Abs(path string) (string, error)
}

// Folder is an open folder.
type Folder interface {
	FS() fs.FS
	Close() error
}

// ReadFile reads a regular file within a folder, and never one outside of it.
// It fails where the file is larger than limit, in bytes.
func ReadFile(files Files, folder, name string, limit int64) ([]byte, error) {
	f, err := files.Open(folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := yamlfile.ReadFile(f.FS(), filepath.ToSlash(filepath.Clean(name)), limit)
	if err == nil && int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, err
}

// CampaignError holds the errors of a campaign or another YAML file. Problems
// have the file's name and positions.
type CampaignError struct {
	yamlfile.Problems
	// Source is the file's text.
	Source []byte
}

// ReadCampaign reads a campaign file. The files that it names are read from its
// own folder only. The problems are those of a campaign that is valid in part;
// they are not returned as an error.
func ReadCampaign(files Files, file string, given campaign.Given) (*campaign.Campaign, yamlfile.Problems, error) {
	folder, err := files.Open(filepath.Dir(file))
	if err != nil {
		return nil, nil, core.Errorf(core.ErrorConfig, "opening the campaign's folder: %w", err)
	}
	defer func() { _ = folder.Close() }() // it was only read
	c, err := campaign.ReadGiven(folder.FS(), filepath.Base(file), file, given)
	if c == nil {
		return nil, nil, core.Errorf(core.ErrorConfig, "%w", err)
	}
	problems, _ := errors.AsType[yamlfile.Problems](err)
	return c, problems, nil
}

// ReadLock reads the lock of a folder with campaigns; nil where there is none.
func ReadLock(dir string) (*install.Lock, error) {
	lock, err := install.ReadLock(dir)
	if problems, ok := errors.AsType[yamlfile.Problems](err); ok {
		return nil, CampaignError{problems, lock.Source}
	}
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "%w", err)
	}
	return lock, nil
}
