package store

import "path/filepath"

// The files and directories of a store's directory.
const (
	databaseFile  = "runs.db"
	lockFile      = "store.lock"
	schedulerLock = "scheduler.lock"
	artifactsDir  = "artifacts"
	runningDir    = "running"
	incomingDir   = "incoming"

	// lockSuffix is the suffix of the names of lock files.
	lockSuffix = ".lock"
)

// directory is the absolute path of a store's directory.
type directory string

func (d directory) path(elements ...string) string {
	return filepath.Join(append([]string{string(d)}, elements...)...)
}

// artifact is the path of an artifact. Artifacts are kept in shards, by the
// first two digits of their SHA-256.
func (d directory) artifact(sha256 string) string { return d.path(artifactsDir, sha256[:2], sha256) }

// running is the lock file of a run. Its lock is held by the process that
// carries the run out.
func (d directory) running(run string) string { return d.path(runningDir, run+lockSuffix) }

// stop is the file that asks for a run to be stopped, and holds the reason. It
// is a file, because a row could not be written while the database is busy or
// the disk full.
func (d directory) stop(run string) string { return d.path(runningDir, run+".stop") }
