package sandbox

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// archOffset is the offset in bytes of arch in struct seccomp_data.
const archOffset = 4

// namespaces are the flags of clone that create a namespace.
const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
	unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET

// refused are the system calls that are refused with any arguments.
func refused() []string {
	return []string{
		// Leaving the session or the process group, by which the host kills a
		// plugin: a signal to the group reaches all processes at once, so that none
		// escapes by forking.
		"setsid", "setpgid",
		// Changing modes, owners and attributes by path, which Landlock does not
		// restrict. fchmod on an open file is allowed.
		"chmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat",
		"setxattr", "lsetxattr", "setxattrat", "removexattr", "lremovexattr", "removexattrat",
		// Other processes.
		"ptrace", "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "process_madvise",
		// Other views of the file system.
		"mount", "umount2", "pivot_root", "chroot", "unshare", "setns", "open_tree", "open_tree_attr",
		"move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "open_by_handle_at", "fanotify_init",
		// Operations that bypass seccomp, and IPC without a path for Landlock.
		"io_uring_setup", "io_uring_enter", "io_uring_register",
		"shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink",
		// Keys, and parts of the kernel that exploits often use.
		"keyctl", "add_key", "request_key", "bpf", "perf_event_open", "userfaultfd",
		// The machine.
		"kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon", "swapoff",
		"acct", "quotactl", "quotactl_fd", "syslog", "settimeofday", "clock_settime", "sethostname", "setdomainname", "iopl", "ioperm",
	}
}

// refusedWith are the system calls that are refused with some arguments.
// Entries for the same call are alternatives.
func refusedWith() []seccomp.NameWithConditions {
	is := func(argument uint32, value uint64) seccomp.Condition {
		return seccomp.Condition{Argument: argument, Operation: seccomp.Equal, Value: value}
	}
	not := func(argument uint32, value uint64) seccomp.Condition {
		return seccomp.Condition{Argument: argument, Operation: seccomp.NotEqual, Value: value}
	}
	has := func(argument uint32, bits uint64) seccomp.Condition {
		return seccomp.Condition{Argument: argument, Operation: seccomp.BitsSet, Value: bits}
	}
	calls := []seccomp.NameWithConditions{
		{Name: "clone", Conditions: seccomp.ArgumentConditions{has(0, namespaces)}},
		// Resource limits of other processes.
		{Name: "prlimit64", Conditions: seccomp.ArgumentConditions{not(0, 0)}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{not(0, unix.AF_UNIX), not(0, unix.AF_INET), not(0, unix.AF_INET6), not(0, unix.AF_NETLINK)}},
		{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, unix.AF_NETLINK), not(2, unix.NETLINK_ROUTE)}},
		{Name: "socketpair", Conditions: seccomp.ArgumentConditions{not(0, unix.AF_UNIX)}},
		// TCP Fast Open connects without connect, and so bypasses Landlock.
		{Name: "sendto", Conditions: seccomp.ArgumentConditions{has(3, unix.MSG_FASTOPEN)}},
		{Name: "sendmsg", Conditions: seccomp.ArgumentConditions{has(2, unix.MSG_FASTOPEN)}},
		{Name: "sendmmsg", Conditions: seccomp.ArgumentConditions{has(3, unix.MSG_FASTOPEN)}},
	}
	for _, family := range []uint64{unix.AF_INET, unix.AF_INET6} {
		calls = append(calls,
			// Every socket type except SOCK_STREAM has one of these bits.
			seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, family), has(1, 0xe)}},
			seccomp.NameWithConditions{Name: "socket", Conditions: seccomp.ArgumentConditions{is(0, family), not(2, 0), not(2, unix.IPPROTO_TCP)}},
		)
	}
	return calls
}

// filter returns the seccomp program. It refuses the system calls of every other
// architecture, such as the 32-bit ones of this machine.
func filter() ([]bpf.RawInstruction, error) {
	machine, err := arch.GetInfo("")
	if err != nil {
		return nil, err
	}
	if len(machine.SyscallNames) == 0 {
		return nil, fmt.Errorf("the system calls of %s are not known", machine.Name)
	}
	known := func(name string) bool {
		_, ok := machine.SyscallNames[name]
		return ok
	}
	policy := seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{
				Action:             seccomp.ActionErrno, // EPERM
				Names:              slices.DeleteFunc(refused(), func(name string) bool { return !known(name) }),
				NamesWithCondtions: refusedWith(),
			},
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
		},
	}
	instructions, err := policy.Assemble()
	if err != nil {
		return nil, err
	}
	return bpf.Assemble(append([]bpf.Instruction{
		bpf.LoadAbsolute{Off: archOffset, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(machine.ID), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
	}, instructions...))
}

// loadFilter applies the filter to this thread, if the policy demands it.
func loadFilter(demanded bool) error {
	instructions, err := filter()
	if err != nil || !demanded {
		if demanded {
			return err
		}
		return nil
	}
	raw := make([]unix.SockFilter, len(instructions))
	for i, in := range instructions {
		raw[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	program := unix.SockFprog{Len: uint16(len(raw)), Filter: &raw[0]}
	//nolint:gosec // the kernel reads the program from memory
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	return nil
}
