package sandbox_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"golang.org/x/sys/unix"

	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// TestMain is also the launcher, and the program in the sandbox.
func TestMain(m *testing.M) {
	if len(os.Args) < 3 {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "launch":
		fmt.Fprintln(os.Stderr, sandbox.Exec(os.Args[2:], os.Environ()))
		os.Exit(sandbox.ExitStatus)
	case "launchWithout":
		if err := forbid(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "the test cannot forbid it:", err)
			os.Exit(1)
		}
		fmt.Fprintln(os.Stderr, sandbox.Exec(os.Args[3:], os.Environ()))
		os.Exit(sandbox.ExitStatus)
	case "do":
		out, err := actions[os.Args[2]](append(os.Args[3:], "", "")...)
		if err != nil {
			fmt.Printf("refused: %v\n", err)
			os.Exit(1)
		}
		fmt.Print(out)
		syscall.Exit(0) // os.Exit would sleep for a second under the race detector
	}
	os.Exit(m.Run())
}

// forbid has a system call fail in all threads of this process from now on.
func forbid(call string) error {
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls:      []seccomp.SyscallGroup{{Action: seccomp.ActionErrno, Names: []string{call}}},
	}})
}

// actions are what a program in the sandbox tries.
var actions = map[string]func(args ...string) (string, error){
	"nothing": func(...string) (string, error) { return "", nil },
	"wait": func(...string) (string, error) {
		fmt.Println("waiting")
		_, err := os.Stdin.Read(make([]byte, 1))
		return "", err
	},
	"read": func(args ...string) (string, error) { data, err := os.ReadFile(args[0]); return string(data), err },
	"list": func(args ...string) (string, error) { _, err := os.ReadDir(args[0]); return "", err },
	"write": func(args ...string) (string, error) {
		return "", os.WriteFile(args[0], []byte("x"), 0o600)
	},
	"truncate": func(args ...string) (string, error) { return "", os.Truncate(args[0], 0) },
	"rename": func(args ...string) (string, error) {
		return "", errors.Join(os.MkdirAll(filepath.Join(args[0], "a"), 0o700), os.MkdirAll(filepath.Join(args[0], "b"), 0o700),
			os.WriteFile(filepath.Join(args[0], "a", "f"), nil, 0o600), os.Rename(filepath.Join(args[0], "a", "f"), filepath.Join(args[0], "b", "f")))
	},
	"mknod":   func(args ...string) (string, error) { return "", unix.Mknod(args[0], unix.S_IFBLK|0o600, 7<<8) },
	"run":     run,
	"environ": func(...string) (string, error) { return strings.Join(os.Environ(), "\n"), nil },
	"files":   openFiles,

	"connect":    func(args ...string) (string, error) { return dial("tcp", args[0]) },
	"udp":        func(args ...string) (string, error) { return dial("udp", args[0]) },
	"unix":       func(args ...string) (string, error) { return dial("unix", args[0]) },
	"mptcp":      mptcp,
	"fastopen":   fastOpen,
	"socket":     socket,
	"bind":       func(args ...string) (string, error) { return listen("tcp", args[0]) },
	"listenUnix": func(args ...string) (string, error) { return listen("unix", args[0]) },

	"signal": func(args ...string) (string, error) { return "", syscall.Kill(number(args[0]), 0) },
	"ptrace": func(args ...string) (string, error) {
		return call(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(number(args[0])))
	},
	"prlimit": func(args ...string) (string, error) {
		return "", unix.Prlimit(number(args[0]), unix.RLIMIT_NOFILE, nil, &unix.Rlimit{})
	},
	"chmod":    func(args ...string) (string, error) { return "", os.Chmod(args[0], 0o644) },
	"setxattr": func(args ...string) (string, error) { return "", unix.Setxattr(args[0], "user.note", []byte("x"), 0) },
	"fchmod":   fchmod,
	"setsid":   func(...string) (string, error) { _, err := syscall.Setsid(); return "", err },
	"setpgid":  func(...string) (string, error) { return "", syscall.Setpgid(0, 0) },
	"io_uring": func(...string) (string, error) {
		params := make([]byte, 120)
		return call(unix.SYS_IO_URING_SETUP, 1, uintptr(unsafe.Pointer(&params[0])))
	},
	"keyctl":  func(...string) (string, error) { _, err := unix.KeyctlGetKeyringID(-3, true); return "", err },
	"shmget":  func(...string) (string, error) { return call(unix.SYS_SHMGET, 0, 4096, 0o600) },
	"unshare": func(...string) (string, error) { return "", unix.Unshare(unix.CLONE_NEWNET) },
	"clone":   func(...string) (string, error) { return namespace(nil) },
	"clone3":  clone3,
	"mount": func(args ...string) (string, error) {
		err := unix.Mount("none", args[0], "tmpfs", 0, "")
		if err == nil {
			err = unix.Unmount(args[0], 0)
		}
		return "", err
	},
	"chroot":    func(args ...string) (string, error) { return "", unix.Chroot(args[0]) },
	"hostname":  func(...string) (string, error) { name, _ := os.Hostname(); return "", unix.Sethostname([]byte(name)) },
	"chown":     func(args ...string) (string, error) { return "", os.Chown(args[0], 12345, 12345) },
	"core":      coreLimit,
	"oom":       waitIn,
	"threads":   threads,
	"busy":      busy,
	"authority": authority,
	"capabilities": func(...string) (string, error) {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		err := unix.Capget(&header, &data[0])
		return fmt.Sprint(data[0].Permitted, data[1].Permitted), err
	},
}

// fchmod changes the mode of a file by way of its descriptor.
func fchmod(args ...string) (string, error) {
	file, err := os.OpenFile(args[0], os.O_WRONLY, 0)
	if err != nil {
		return "", err
	}
	return "", errors.Join(file.Chmod(0o600), file.Close())
}

func number(s string) int { n, _ := strconv.Atoi(s); return n }

func call(trap uintptr, args ...uintptr) (string, error) {
	args = append(args, 0, 0, 0)
	if _, _, errno := unix.Syscall6(trap, args[0], args[1], args[2], 0, 0, 0); errno != 0 {
		return "", errno
	}
	return "", nil
}

func run(args ...string) (string, error) {
	var words []string
	for _, word := range args {
		if word != "" {
			words = append(words, word)
		}
	}
	out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return string(out), nil
}

// openFiles lists the descriptors beyond the standard ones that are no pipe,
// eventfd or epoll of the runtime's.
func openFiles(...string) (string, error) {
	var open []string
	for fd := 3; fd < 64; fd++ {
		var stat unix.Stat_t
		if unix.Fstat(fd, &stat) == nil && stat.Mode&unix.S_IFMT == unix.S_IFREG {
			open = append(open, strconv.Itoa(fd))
		}
	}
	if open != nil {
		return "", nil
	}
	return "", errors.New("no file is open")
}

func dial(network, address string) (string, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return "", err
	}
	return "", conn.Close()
}

func listen(network, address string) (string, error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return "", err
	}
	return "", l.Close()
}

func mptcp(args ...string) (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
	if err != nil {
		return "", err
	}
	return "", unix.Connect(fd, inet4(args[0]))
}

func fastOpen(args ...string) (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return "", err
	}
	return "", unix.Sendto(fd, []byte("x"), unix.MSG_FASTOPEN, inet4(args[0]))
}

func inet4(address string) *unix.SockaddrInet4 {
	_, port, _ := net.SplitHostPort(address)
	return &unix.SockaddrInet4{Port: number(port), Addr: [4]byte{127, 0, 0, 1}}
}

// socket opens one of a family, type and protocol.
func socket(args ...string) (string, error) {
	f := strings.Fields(args[0])
	_, err := unix.Socket(number(f[0]), number(f[1]), number(f[2]))
	return "", err
}

// namespace starts a process in a user namespace of its own.
func namespace(program []string) (string, error) {
	if program == nil {
		program = []string{"/proc/self/exe", "do", "nothing"}
	}
	cmd := exec.Command(program[0], program[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	return "", cmd.Run()
}

// clone3 makes a process in a user namespace, which ends at once.
func clone3(...string) (string, error) {
	args := [8]uint64{0: unix.CLONE_NEWUSER} // the flags come first
	pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if errno != 0 {
		return "", errno
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return "", nil
}

func coreLimit(...string) (string, error) {
	var limit unix.Rlimit
	err := unix.Getrlimit(unix.RLIMIT_CORE, &limit)
	return fmt.Sprint(limit.Cur, limit.Max), err
}

func waitIn(...string) (string, error) {
	fmt.Println(os.Getpid())
	_, err := os.Stdin.Read(make([]byte, 1))
	return "", err
}

// threads has many threads at once try something that is refused.
func threads(args ...string) (string, error) {
	const many = 64
	var all, ready sync.WaitGroup
	errs := make([]error, many)
	ready.Add(many)
	for i := range many {
		all.Go(func() {
			runtime.LockOSThread() // not given back: it ends with the goroutine
			ready.Done()
			ready.Wait()
			_, errs[i] = os.ReadFile(args[0])
		})
	}
	all.Wait()
	refused := 0
	for _, err := range errs {
		if errors.Is(err, os.ErrPermission) {
			refused++
		}
	}
	return fmt.Sprintf("%d of %d", refused, many), nil
}

// busy works with many goroutines, as a plugin with open conversations does.
func busy(args ...string) (string, error) {
	var all sync.WaitGroup
	sums := make(chan int, 2000)
	for i := range 2000 {
		all.Go(func() {
			name := filepath.Join(args[0], strconv.Itoa(i))
			if os.WriteFile(name, []byte(name), 0o600) != nil {
				return
			}
			if data, err := os.ReadFile(name); err == nil && string(data) == name {
				sums <- 1
			}
			runtime.Gosched()
		})
	}
	all.Wait()
	return strconv.Itoa(len(sums)), nil
}
