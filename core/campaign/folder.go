package campaign

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// folder is the folder of a file while that is read. Everything that the file
// names has to be in it or below it.
type folder struct {
	fsys fs.FS
	dir  string
	// files are those that were read.
	files files
	// params are the parameters of the campaign; nil in a file of cases.
	params *parameters
	// wasHeld is that of [Given].
	wasHeld bool
	// sounds is the total length of generated silence and noise.
	sounds time.Duration
}

// byteOrderMark is at the beginning of UTF-8 files of some editors.
const byteOrderMark = "\uFEFF"

// textOrFile reads a text, or the file of {file: path}, with the parameters filled in.
func (in *folder) textOrFile(v value) string {
	if !v.IsMapping() {
		s, _ := v.Text()
		return s
	}
	return in.params.inFile(v, in.fileText(v))
}

// fileText reads the file of {file: path}.
func (in *folder) fileText(v value) Text {
	t := Text{place: yamlfile.PlaceAt(v.At())}
	v.Object(yamlfile.Required("file", func(v value) { t.Written = in.text(v) }))
	return t
}

// templateOrFile reads a template, or a file that contains one.
func (in *folder) templateOrFile(v value) Text {
	if !v.IsMapping() {
		return readTemplate(v)
	}
	t := in.fileText(v)
	in.params.inFile(v, t) // reports what is wrong; link fills it in
	return t
}

// text reads the text of a file by its path.
func (in *folder) text(v value) string {
	const most = 1 << 20
	name, ok := v.Text()
	if !ok {
		return ""
	}
	data, ok := in.attachment(v, name, most)
	if !ok {
		return ""
	}
	data = bytes.TrimPrefix(data, []byte(byteOrderMark))
	if !utf8.Valid(data) {
		v.Problem("save it as UTF-8", "%s is not UTF-8 text", yamlfile.Quote(name))
		return ""
	}
	return string(data)
}

// attachment reads a file that a value names. It has to be in the campaign's
// folder or below, not empty, and at most limit bytes.
func (in *folder) attachment(v value, name string, limit int64) ([]byte, bool) {
	local := path.Clean(name)
	quoted := yamlfile.Quote(name)
	switch {
	case strings.Contains(name, `\`):
		v.Problem(`separate folders with "/"`, "%s is not a path", quoted)
		return nil, false
	case !fs.ValidPath(local) || local == ".":
		v.Problem("paths are relative to the campaign's folder and stay within it", "%s is outside the campaign's folder", quoted)
		return nil, false
	}
	data, err := in.readOnce(local, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		v.Problem(yamlfile.DidYouMean(in.nearest(local)), "there is no file %s in the campaign's folder", quoted)
		return nil, false
	case err != nil:
		v.Problem("", "reading %s: %v", quoted, err)
		return nil, false
	case len(data) == 0:
		v.Problem("", "%s is empty", quoted)
		return nil, false
	case int64(len(data)) > limit:
		v.Problem("", "%s is larger than %d MiB", quoted, limit>>20)
		return nil, false
	}
	return data, true
}

// readOnce reads a file of the campaign's folder, and returns the same contents
// each time.
func (in *folder) readOnce(local string, limit int64) ([]byte, error) {
	if data, ok := in.files[local]; ok {
		return data, nil
	}
	data, err := yamlfile.ReadFile(in.fsys, path.Join(in.dir, local), limit)
	if err == nil && int64(len(data)) <= limit {
		in.files[local] = data
	}
	return data, err
}

// nearest suggests a file of the same folder.
func (in *folder) nearest(local string) string {
	entries, err := fs.ReadDir(in.fsys, path.Join(in.dir, path.Dir(local)))
	if err != nil {
		return "" // the folder does not exist either
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	near := schema.Nearest(path.Base(local), names)
	if near == "" {
		return ""
	}
	return path.Join(path.Dir(local), near)
}
