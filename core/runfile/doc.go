// Package runfile reads and writes the file format in which a run is exported from
// one store and imported into another. It does not depend on the store.
//
// The file is a tar archive, which other programs can read:
//
//	run.json             the [Header]
//	rows/000001.jsonl    the record, one table row a line, in files of about 1 MiB
//	SHA256SUMS           the checksums of the entries above, for sha256sum -c
//	artifacts/<SHA-256>  the bytes that the rows refer to, sorted by name
//	END                  the number of artifacts
//
// It is not compressed, so reading it cannot take more room than the file. The
// same record gives the same file, byte for byte.
package runfile
