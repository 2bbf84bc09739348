//go:build !linux

package programfile

import "os"

// readOnlyWhatIsAsked does nothing: this is a matter of Linux.
func readOnlyWhatIsAsked(*os.File) {}
