package programfile_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/programfile"
)

// inMemory returns how many pages of a file are in memory.
func inMemory(t *testing.T, f *os.File) uint64 {
	t.Helper()
	var pages unix.Cachestat_t
	if err := unix.Cachestat(uint(f.Fd()), &unix.CachestatRange{}, &pages, 0); err != nil {
		t.Skipf("this kernel does not count a file's pages: %v", err)
	}
	return pages.Cache
}

func TestOfAProgramOnlyThePagesThatAreAskedForAreRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "program")
	content := make([]byte, 1<<20)
	_, _ = rand.Read(content) // never fails
	if err := os.WriteFile(path, content, 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := programfile.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil || inMemory(t, f) != 0 {
		t.Skipf("this file system keeps a file in memory: %v", err)
	}
	page := make([]byte, os.Getpagesize())
	for i := range int64(3) {
		if _, err := f.ReadAt(page, i*int64(len(page))); err != nil {
			t.Fatal(err)
		}
	}
	if got := inMemory(t, f); got != 3 {
		t.Errorf("%d pages were read, want 3", got)
	}
}

func TestAProgramThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	if f, err := programfile.Open(filepath.Join(t.TempDir(), "program")); !os.IsNotExist(err) {
		t.Errorf("got %v, %v", f, err)
	}
}
