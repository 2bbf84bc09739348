package programfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// readOnlyWhatIsAsked turns reading ahead off. It may fail: the program is read all the
// same.
func readOnlyWhatIsAsked(f *os.File) {
	_ = unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_RANDOM)
}
