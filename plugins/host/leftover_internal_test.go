//go:build unix

package host

import (
	"os"
	"path/filepath"
	"testing"
)

// made makes a folder of a process with a file of 5 bytes, and returns its lock.
func made(t *testing.T, folder string) *os.File {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "tmp", "unpacked"), []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	lock, ok, err := lockFolder(folder)
	if err != nil || !ok {
		t.Fatalf("locking: %t, %v", ok, err)
	}
	t.Cleanup(func() { _ = lock.Close() })
	return lock
}

func TestFoldersOfHostsThatDiedAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	made(t, path("orchestrator-1"))
	for _, name := range []string{"orchestrator-2", "orchestrator-3", "orchestrator-plugin-4", "other-5"} {
		if err := made(t, path(name)).Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(path("orchestrator-3/lock")); err != nil { // it is just being made
		t.Fatal(err)
	}
	if err := os.Symlink(path("other-5"), path("orchestrator-6")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("orchestrator-7"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want := Leftover{path("orchestrator-2"), 5}
	for _, remove := range []bool{false, true} {
		if got := leftoversIn(t.Context(), dir, remove); len(got) != 1 || got[0] != want {
			t.Errorf("removing %t: left behind are %v, want %v", remove, got, want)
		}
	}
	if got := leftoversIn(t.Context(), dir, true); len(got) != 0 {
		t.Errorf("still left behind: %v", got)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 6 {
		t.Errorf("there are %v, %v; want all but one", left, err)
	}
	if _, err := os.Stat(path("orchestrator-1/tmp/unpacked")); err != nil {
		t.Errorf("a folder in use: %v", err)
	}
}

func TestAFolderThatIsBeingRemovedIsNotLocked(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "orchestrator-1")
	first := made(t, folder)
	if _, ok, err := lockFolder(folder); ok || err != nil {
		t.Errorf("a second host locks it: %t, %v", ok, err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if lock, ok, err := lockFolder(folder); !ok || err != nil {
		t.Errorf("nobody holds it, and it cannot be locked: %v", err)
	} else {
		_ = lock.Close()
	}
}
