// Package store keeps the records of runs: the messages, the replies and the
// scores.
//
// A store is a directory: an SQLite database, and artifacts (audio, images and
// long texts) as files under their SHA-256. It is evidence, and may hold
// confidential output of a target, so that only its owner can read it. Several
// processes may use one store at a time. Records that a [Journal] has confirmed
// are on the disk and survive a crash of the process or the machine.
package store
