// Package runfile reads and writes the file in which a run travels from one store
// to another. It knows no store.
//
// The file is a tar archive, so that other programs can look into it:
//
//	run.json             what the file is: see [Header]
//	rows/000001.jsonl    the record: on each line the row of a table; as many
//	                     such files as it takes
//	SHA256SUMS           the checksums of all these, for sha256sum -c
//	artifacts/<SHA-256>  the bytes that the rows refer to, in the order of their
//	                     names, which are their checksums
//	END                  how many artifacts there are
//
// It is not compressed: what is read takes no more room than the file. The same
// record makes the same file, byte for byte.
package runfile
