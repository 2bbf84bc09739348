package campaign

import (
	"bytes"
	"errors"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

// templateOrFile reads a text that may be a template, or a file that holds one.
func (r *reader) templateOrFile(v value) Text {
	t := Text{Written: r.textOrFile(v), place: textPlace{start: v.place()}}
	if isText(v.Node) {
		t.place = r.textPlace(v.Node)
	}
	return t
}

// textOrFile reads a text that the campaign holds, or names with {file: path}.
func (r *reader) textOrFile(v value) string {
	if v.Kind != yaml.MappingNode {
		s, _ := r.text(v)
		return s
	}
	var s string
	r.object(v, []field{{"file", true, func(f value) {
		const most = 1 << 20
		name, ok := r.text(f)
		if !ok {
			return
		}
		data, ok := r.attachment(f.place(), name, most)
		if !ok {
			return
		}
		data = bytes.TrimPrefix(data, []byte(byteOrderMark))
		if !utf8.Valid(data) {
			r.problem(f.place(), "save it as UTF-8", "%s is not UTF-8 text", shorten(name))
			return
		}
		s = string(data)
	}}})
	return s
}

// byteOrderMark is what some editors begin a UTF-8 file with.
const byteOrderMark = "\uFEFF"

// attachment reads a file that the campaign refers to at a place: one of its
// own folder or below, not empty, and of at most limit bytes.
func (r *reader) attachment(at Position, name string, limit int64) ([]byte, bool) {
	local := path.Clean(name)
	switch {
	case strings.Contains(name, `\`):
		r.problem(at, `separate folders with "/"`, "%s is not a path", shorten(name))
		return nil, false
	case !fs.ValidPath(local) || local == ".":
		r.problem(at, "paths are relative to the campaign's folder and stay within it", "%s is outside the campaign's folder", shorten(name))
		return nil, false
	}
	data, err := r.readOnce(local, limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.problem(at, did(r.nearestFile(local)), "there is no file %s in the campaign's folder", shorten(name))
		return nil, false
	case err != nil:
		r.problem(at, "", "reading %s: %v", shorten(name), err)
		return nil, false
	case len(data) == 0:
		r.problem(at, "", "%s is empty", shorten(name))
		return nil, false
	case int64(len(data)) > limit:
		r.problem(at, "", "%s is larger than %d MiB", shorten(name), limit>>20)
		return nil, false
	}
	return data, true
}

// readOnce reads a file of the campaign's folder, once however often it is named.
func (r *reader) readOnce(local string, limit int64) ([]byte, error) {
	if data, ok := r.files[local]; ok {
		return data, nil
	}
	data, err := readFile(r.fsys, path.Join(r.dir, local), limit)
	if err == nil && int64(len(data)) <= limit {
		r.files[local] = data
	}
	return data, err
}

// nearestFile suggests a file of the same folder.
func (r *reader) nearestFile(local string) string {
	entries, err := fs.ReadDir(r.fsys, path.Join(r.dir, path.Dir(local)))
	if err != nil {
		return "" // there is no such folder either
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
