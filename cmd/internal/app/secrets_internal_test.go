package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAComponentReadsOnlyFilesBelowAFolderThatWasAllowed(t *testing.T) {
	root := t.TempDir()
	tokens, private, alias := filepath.Join(root, "tokens"), filepath.Join(root, "private"), filepath.Join(root, "alias")
	err := errors.Join(
		os.MkdirAll(filepath.Join(tokens, "deep"), 0o700),
		os.MkdirAll(private, 0o700),
		os.WriteFile(filepath.Join(tokens, "token"), []byte("t"), 0o600),
		os.WriteFile(filepath.Join(private, "key"), []byte("k"), 0o600),
		os.Symlink(filepath.Join(private, "key"), filepath.Join(tokens, "sly")),
		os.Symlink(private, filepath.Join(tokens, "away")),
		os.Symlink("token", filepath.Join(tokens, "current")),
		os.Symlink(tokens, alias),
	)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, allowed, file, want string
	}{
		{"a file in it", tokens, filepath.Join(tokens, "token"), ""},
		{"a file that is yet to come", tokens, filepath.Join(tokens, "deep", "new", "token"), ""},
		{"a link within it", tokens, filepath.Join(tokens, "current"), ""},
		{"a folder that is a link", alias, filepath.Join(alias, "token"), ""},
		{"another name of the folder", tokens, filepath.Join(alias, "token"), ""},
		{"a link out of it", tokens, filepath.Join(tokens, "sly"), "not below a folder that was allowed"},
		{"a folder that leads out of it", tokens, filepath.Join(tokens, "away", "key"), "not below a folder that was allowed"},
		{"a path out of it", tokens, tokens + "/../private/key", "not below a folder that was allowed"},
		{"another folder", tokens, filepath.Join(private, "key"), "not below a folder that was allowed"},
		{"one whose name begins alike", tokens, tokens + "2/token", "not below a folder that was allowed"},
		{"the folder itself", tokens, tokens, "not below a folder that was allowed"},
		{"a relative path", tokens, "token", "not an absolute path"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := Secrets{Folders: []string{filepath.Join(root, "none"), test.allowed}, Files: diskFiles{}}
			err := s.AllowFile(test.file)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if err != nil && core.HintOf(err) == "" {
				t.Error("it does not say what would be right")
			}
		})
	}
	if err := (&Secrets{Files: diskFiles{}}).AllowFile(filepath.Join(tokens, "token")); err == nil || !strings.Contains(core.HintOf(err), "--secret-dir "+tokens) {
		t.Errorf("with nothing allowed: %v (%s)", err, core.HintOf(err))
	}
}

// diskFiles are the files of this machine.
type diskFiles struct{}

func (diskFiles) Open(folder string) (Folder, error) { return os.OpenRoot(folder) }

func (diskFiles) Resolve(path string) (string, error) { return filepath.EvalSymlinks(path) }

func (diskFiles) Abs(path string) (string, error) { return filepath.Abs(path) }
