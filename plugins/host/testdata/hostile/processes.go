package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func run(program string) (string, error) {
	argv := strings.Fields(program)
	output, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
	return string(output), err
}

// lingering is the argument by which this program is started again to stay.
const lingering = "linger"

// outlive starts itself again, away from the group and the session that it is
// in, and without an end. It gives the process ids back.
func outlive(string) (string, error) {
	var pids []string
	for _, away := range []*syscall.SysProcAttr{{Setsid: true}, {Setpgid: true}, {}} {
		cmd := exec.Command(os.Args[0], lingering)
		cmd.SysProcAttr = away
		if err := cmd.Start(); err != nil {
			pids = append(pids, "refused")
			continue
		}
		pids = append(pids, fmt.Sprint(cmd.Process.Pid))
	}
	return strings.Join(pids, " "), nil
}

func fill(string) (string, error) {
	for hoard := [][]byte(nil); ; {
		block := make([]byte, 16<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		hoard = append(hoard, block)
	}
}

// first is run by the first thread, which stands for the process in /proc.
var first = make(chan func())

func endThread() { _, _, _ = syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0) }

// headless goes on without that thread. What it fills is memory that Go's runtime
// does not know.
func headless(string) (string, error) {
	first <- endThread
	for {
		block, err := syscall.Mmap(-1, 0, 16<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return "", err
		}
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
	}
}

func freeze(string) (string, error) {
	if err := syscall.Kill(os.Getpid(), syscall.SIGSTOP); err != nil {
		return "", err
	}
	select {} // the signal may come to another thread first
}

func flood(string) (string, error) {
	line := strings.Repeat("x", 200) + "\n"
	for range 50_000 {
		_, _ = os.Stderr.WriteString(line)
	}
	return "done", nil
}

func giveUp(string) (string, error) {
	slog.Error("I have had enough")
	os.Exit(9)
	return "", nil
}
