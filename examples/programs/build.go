package programs

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// Build builds what "make build" builds, and returns the folder that holds it: bin at
// the top of the checkout. Where all is up to date it takes a fraction of a second. The
// tests of several packages may call it at a time.
func Build(t testing.TB) string {
	t.Helper()
	top := checkout(t)
	bin := filepath.Join(top, "bin")
	if err := os.MkdirAll(bin, 0o750); err != nil {
		t.Fatal(err)
	}
	lock, err := os.OpenFile(filepath.Join(bin, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close() //nolint:errcheck // nothing was written; closing it gives the lock back
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("locking %s: %v", lock.Name(), err)
	}
	build := exec.CommandContext(t.Context(), filepath.Join(top, ".ci", "build"))
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return bin
}

// checkout returns the folder of this repository that the test runs in.
func checkout(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "house_test.go")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("the test does not run in a checkout of this repository")
		}
		dir = up
	}
}
