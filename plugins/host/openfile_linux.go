package host

import (
	"os"
	"os/exec"
	"strconv"
)

// startOpenFile makes a command start an open file. The program still sees its
// own name, and its path in /proc/self/exe. Without /proc, as in some
// containers, the command is unchanged.
func startOpenFile(cmd *exec.Cmd, file *os.File) {
	const (
		open       = "/proc/self/fd"
		firstExtra = 3 // after standard input, output and error
	)
	if _, err := os.Stat(open); err != nil {
		return
	}
	cmd.Path = open + "/" + strconv.Itoa(firstExtra+len(cmd.ExtraFiles))
	cmd.ExtraFiles = append(cmd.ExtraFiles, file)
}
