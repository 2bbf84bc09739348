package programfile

import "os"

// Open opens a program to read it. Where Linux has no page of it in memory, it is read
// without reading ahead.
//
// Reading ahead makes blocks of up to 2 MiB of pages, and since Linux 6.18 a process that
// touches one page of a block has the whole block in its memory.
func Open(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	readOnlyWhatIsAsked(f)
	return f, nil
}
