package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

func read(path string) (string, error) {
	data, err := os.ReadFile(path)
	return string(data), err
}

func write(path string) (string, error) {
	return "", os.WriteFile(path, []byte("hostile"), 0o600)
}

// environ gives back what it was started with, whatever has been unset since.
func environ(string) (string, error) {
	found := strings.Join(os.Environ(), "\n")
	started, err := os.ReadFile("/proc/self/environ")
	if err == nil {
		found += strings.ReplaceAll(string(started), "\x00", "\n")
	}
	return found, nil
}

// spy looks into the process with an id: its files below /proc, its memory, and
// by means of a debugger. It fails only if all of that does.
func spy(pid string) (string, error) {
	var found []string
	var refused []error
	note := func(what, got string, err error) {
		if err != nil {
			refused = append(refused, fmt.Errorf("%s: %w", what, err))
			return
		}
		found = append(found, what+": "+got)
	}
	for _, file := range []string{"environ", "cmdline", "maps"} {
		data, err := os.ReadFile("/proc/" + pid + "/" + file)
		note(file, string(data), err)
	}
	memory, err := os.OpenFile("/proc/"+pid+"/mem", os.O_RDONLY, 0)
	if err == nil {
		_ = memory.Close()
	}
	note("mem", "opened", err)

	var id int
	if _, err := fmt.Sscan(pid, &id); err != nil {
		return "", err
	}
	err = syscall.PtraceAttach(id)
	if err == nil {
		_ = syscall.PtraceDetach(id)
	}
	note("ptrace", "attached", err)
	note("process_vm_readv", "called", peek(id))
	note("signal", "sent", syscall.Kill(id, 0))
	if len(found) == 0 {
		return "", errors.Join(refused...)
	}
	return strings.Join(found, "\n"), nil
}

// peek reads from another process's memory, at an address that need not exist.
func peek(pid int) error {
	var into [8]byte
	local := []unix.Iovec{{Base: &into[0], Len: uint64(len(into))}}
	remote := []unix.RemoteIovec{{Base: uintptr(unsafe.Pointer(&into[0])), Len: len(into)}}
	_, err := unix.ProcessVMReadv(pid, local, remote, 0)
	return err
}
