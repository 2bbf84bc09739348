package campaign

import (
	"bytes"
	"cmp"
	"io/fs"
	"path"
	"slices"
	"time"
)

// File is a file that a campaign names.
type File struct {
	// Name is relative to the campaign's folder, with "/".
	Name string
	Data []byte
}

// ReadRecorded reads a campaign from its source and its files, as in
// [Campaign], instead of a disk, with the recorded values of its parameters. Its
// error is that of [Read].
func ReadRecorded(source []byte, named []File, display string, given Given) (*Campaign, error) {
	const name = `\campaign` // not a valid name of a file in a campaign
	folder := files{}
	for _, f := range named {
		folder[f.Name] = f.Data
	}
	folder[name] = source
	given.WasHeld = true
	return ReadGiven(folder, name, display, given)
}

// files is a file system of contents by name.
type files map[string][]byte

func (f files) sorted() []File {
	var all []File
	for name, data := range f {
		all = append(all, File{name, data})
	}
	slices.SortFunc(all, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Open implements [fs.FS].
func (f files) Open(name string) (fs.File, error) {
	data, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &recorded{bytes.NewReader(data), name, int64(len(data))}, nil
}

// recorded is an open file of files.
type recorded struct {
	*bytes.Reader
	name string
	size int64
}

func (r *recorded) Stat() (fs.FileInfo, error) { return recordedInfo{r.name, r.size}, nil }
func (*recorded) Close() error                 { return nil }

// recordedInfo describes a recorded file.
type recordedInfo struct {
	name string
	size int64
}

func (i recordedInfo) Name() string     { return path.Base(i.name) }
func (i recordedInfo) Size() int64      { return i.size }
func (recordedInfo) Mode() fs.FileMode  { return 0o400 }
func (recordedInfo) ModTime() time.Time { return time.Time{} }
func (recordedInfo) IsDir() bool        { return false }
func (recordedInfo) Sys() any           { return nil }
