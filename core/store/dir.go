package store

import "path/filepath"

// The parts of a store's directory.
const (
	databaseFile  = "runs.db"
	lockFile      = "store.lock"
	schedulerLock = "scheduler.lock"
	artifactsDir  = "artifacts"
	runningDir    = "running"
	incomingDir   = "incoming"

	// lockSuffix ends the names of files that are locks.
	lockSuffix = ".lock"
)

// directory is a store's directory, an absolute path.
type directory string

func (d directory) path(elements ...string) string {
	return filepath.Join(append([]string{string(d)}, elements...)...)
}

// artifact is the file of an artifact. Artifacts are kept in shards, by the first
// two digits of their SHA-256.
func (d directory) artifact(sha256 string) string { return d.path(artifactsDir, sha256[:2], sha256) }

// running is the file whose lock says that a process carries a run out.
func (d directory) running(run string) string { return d.path(runningDir, run+lockSuffix) }

// stop is there while somebody wants a run to be stopped, and holds why. It is a
// file and no row: it can be made while the database is busy and the disk full.
func (d directory) stop(run string) string { return d.path(runningDir, run+".stop") }
