package host

import (
	"os"
	"os/exec"
	"strconv"
)

// startOpenFile makes a command start an open file. The program still sees its
// own name, and its path in /proc/self/exe.
func startOpenFile(cmd *exec.Cmd, file *os.File) {
	const firstExtra = 3 // after standard input, output and error
	cmd.Path = "/proc/self/fd/" + strconv.Itoa(firstExtra+len(cmd.ExtraFiles))
	cmd.ExtraFiles = append(cmd.ExtraFiles, file)
}
