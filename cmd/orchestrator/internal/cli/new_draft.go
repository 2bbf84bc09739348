package cli

import (
	"bytes"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
)

// draft is files with one that is not written yet, or not with this text.
type draft struct {
	app.Files
	file, text string
}

// Open implements [app.Files].
func (d draft) Open(folder string) (app.Folder, error) {
	opened, err := d.Files.Open(folder)
	if err != nil || folder != filepath.Dir(d.file) {
		return opened, err
	}
	return draftFolder{opened, filepath.Base(d.file), d.text}, nil
}

// draftFolder is the folder of a draft.
type draftFolder struct {
	app.Folder
	name, text string
}

// FS implements [app.Folder].
func (f draftFolder) FS() fs.FS { return draftFS{f.Folder.FS(), f} }

type draftFS struct {
	fs.FS
	draft draftFolder
}

// Open implements [fs.FS].
func (f draftFS) Open(name string) (fs.File, error) {
	if name != f.draft.name {
		return f.FS.Open(name)
	}
	return draftFile{bytes.NewReader([]byte(f.draft.text)), f.draft}, nil
}

// draftFile is the draft while it is read. It is its own [fs.FileInfo].
type draftFile struct {
	*bytes.Reader
	draft draftFolder
}

func (f draftFile) Stat() (fs.FileInfo, error) { return f, nil }
func (draftFile) Close() error                 { return nil }
func (f draftFile) Name() string               { return f.draft.name }
func (draftFile) Mode() fs.FileMode            { return 0o600 }
func (draftFile) ModTime() time.Time           { return time.Time{} }
func (draftFile) IsDir() bool                  { return false }
func (draftFile) Sys() any                     { return nil }
