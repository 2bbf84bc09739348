package sandbox

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// oomScore is the plugin's oom_score_adj. It has the kernel kill plugins first when
// memory runs out, because the host can restart them. The default is 0, the most
// 1000.
const oomScore = 500

// Exec restricts this process by the policy in the variable [EnvPolicy] of environ,
// and replaces it by the program argv[0], an absolute path, whose environment does
// not contain the policy. It returns only if it fails. The process may then be
// partly restricted and must exit with [ExitStatus].
func Exec(argv, environ []string) error {
	if len(argv) == 0 {
		return errors.New("no program to run is named")
	}
	policy, rest, err := policyIn(environ)
	if err != nil {
		return err
	}
	if err := Supported().covers(policy.Demand); err != nil {
		return err
	}
	// The restrictions apply to this thread, which executes the program.
	runtime.LockOSThread()
	for _, step := range []struct {
		doing string
		do    func() error
	}{
		{"limiting the process", limit},
		{"giving up capabilities", dropCapabilities},
		{"restricting files and network", func() error { return restrict(policy) }},
		{"filtering system calls", func() error { return loadFilter(policy.Demand.Syscalls) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.doing, err)
		}
	}
	return fmt.Errorf("running %s in the sandbox: %w", argv[0], syscall.Exec(cmp.Or(policy.Start, argv[0]), argv, rest))
}

// policyIn returns the policy in an environment, and the program's environment.
func policyIn(environ []string) (Policy, []string, error) {
	var policy Policy
	found := false
	rest := make([]string, 0, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case EnvPolicy:
			found = true
			if err := json.Unmarshal([]byte(value), &policy); err != nil {
				return Policy{}, nil, fmt.Errorf("the policy in %s: %w", EnvPolicy, err)
			}
		case wire.EnvSandbox: // set below, whatever value it had
		default:
			rest = append(rest, entry)
		}
	}
	if !found {
		return Policy{}, nil, fmt.Errorf("there is no policy in %s", EnvPolicy)
	}
	return policy, append(rest, wire.EnvSandbox+"=1"), nil
}

// limit forbids core dumps, closes all files but the standard ones at execve,
// forbids new privileges, and sets the OOM score.
func limit() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core dumps: %w", err)
	}
	if err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("closing files of the host: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("forbidding new privileges: %w", err)
	}
	// An error is ignored: the score is no restriction.
	_ = os.WriteFile("/proc/self/oom_score_adj", fmt.Append(nil, oomScore), 0)
	return nil
}

// dropCapabilities drops all capabilities except CAP_DAC_OVERRIDE, with which root
// uses the files of other users as far as Landlock allows. Because new privileges
// are forbidden, execve does not restore them.
func dropCapabilities() error {
	const kept = 1 << unix.CAP_DAC_OVERRIDE
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	if err := unix.Capget(&header, &has[0]); err != nil {
		return err
	}
	has[0] = unix.CapUserData{Effective: has[0].Effective & kept, Permitted: has[0].Permitted & kept}
	has[1] = unix.CapUserData{}
	if err := unix.Capset(&header, &has[0]); err != nil {
		return err
	}
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
}
