// Package store keeps runs: what was sent, what came back, how it was judged.
//
// A store is a directory: an SQLite database, and artifacts (audio, images and
// long texts) as files under their SHA-256. It is evidence, and may hold what a
// target should not have said, so only its owner can read it. Several
// processes may use one store at a time. What a [Journal] has acknowledged is
// on the disk and survives the death of the process and of the machine.
package store
