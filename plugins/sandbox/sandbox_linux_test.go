package sandbox_test

import (
	"bufio"
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// authority counts the certificates of the system.
func authority(...string) (string, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		return "", err
	}
	if pool.Equal(x509.NewCertPool()) {
		return "", errors.New("no certificate can be read")
	}
	return "", nil
}

// yard holds the folders of a test with a program in the sandbox.
type yard struct {
	self string
	// own belongs to the program, outside does not; home holds secrets.
	own, outside, home string
}

func newYard(t *testing.T) yard {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	y := yard{self: self, own: t.TempDir(), outside: t.TempDir(), home: t.TempDir()}
	for file, content := range map[string]string{
		filepath.Join(y.home, ".ssh", "id_ed25519"): "a private key",
		filepath.Join(y.outside, "notes"):           "notes",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return y
}

func (y yard) environ() []string {
	return []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + y.home, "TMPDIR=" + y.own}
}

// command starts a program in the sandbox.
func (y yard) command(t testing.TB, p core.Permissions, port uint16, argv ...string) *exec.Cmd {
	t.Helper()
	policy, err := sandbox.Process{Program: argv[0], Permissions: p, Environment: y.environ(), Own: []string{y.own}, Egress: port}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	variable, err := policy.Variable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(y.self, append([]string{"launch"}, argv...)...)
	cmd.Env = append(y.environ(), variable)
	return cmd
}

// bare starts a program without one.
func (y yard) bare(argv ...string) *exec.Cmd {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = y.environ()
	return cmd
}

// output returns what a command says, and whether it succeeded.
func output(t *testing.T, cmd *exec.Cmd) (string, bool) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return string(out), err == nil
}

// stranger starts a process outside the sandbox and returns its id.
func stranger(t *testing.T, y yard) string {
	t.Helper()
	cmd := y.bare(y.self, "do", "wait")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(cmd.Process.Pid)
}

// listener listens, and accepts what comes.
func listener(t *testing.T, network, address string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return l
}

func portOf(l net.Listener) uint16 { return uint16(l.Addr().(*net.TCPAddr).Port) }

// needs skips a test if the kernel does not support what it tests.
func needs(t *testing.T) {
	t.Helper()
	if s := sandbox.Supported(); !s.Complete() {
		t.Skipf("this system is no complete sandbox: %s", s)
	}
}

// TestWhatAProcessHasNotDeclaredIsRefused tries each action without the sandbox
// too, where it succeeds, so that a refusal is known to be the sandbox's.
func TestWhatAProcessHasNotDeclaredIsRefused(t *testing.T) {
	needs(t)
	y := newYard(t)
	other := stranger(t, y)
	tcp := listener(t, "tcp", "127.0.0.1:0").Addr().String()
	abstract := "@orchestrator-" + filepath.Base(y.own) + other
	listener(t, "unix", abstract)
	at := filepath.Join
	for deed, do := range map[string][]string{
		"reading a private key":                      {"read", at(y.home, ".ssh", "id_ed25519")},
		"listing somebody's folder":                  {"list", y.home},
		"reading it by way of a link":                {"read", at(y.own, "link")},
		"reading /etc/passwd":                        {"read", "/etc/passwd"},
		"reading the environment of another process": {"read", at("/proc", other, "environ")},
		"reading the arguments of another process":   {"read", at("/proc", other, "cmdline")},
		"reading the memory map of another process":  {"read", at("/proc", other, "maps")},
		"reading the environment of its parent":      {"read", fmt.Sprintf("/proc/%d/environ", os.Getpid())},
		"listing the processes":                      {"list", "/proc"},
		"writing to the memory of another process":   {"truncate", at("/proc", other, "mem")},
		"writing outside":                            {"write", at(y.outside, "new")},
		"truncating a file outside":                  {"truncate", at(y.outside, "notes")},
		"making a disk's device file":                {"mknod", at(y.own, "disk")},
		"giving a file away":                         {"chown", at(y.own, "mine")},
		"opening a private key to everybody":         {"chmod", at(y.home, ".ssh", "id_ed25519")},
		"opening a private key by its descriptor":    {"fchmod", at(y.home, ".ssh", "id_ed25519")},
		"writing on the back of a private key":       {"setxattr", at(y.home, ".ssh", "id_ed25519")},
		"running a program":                          {"run", "/usr/bin/true"},
		"tracing a process":                          {"ptrace", other},
		"signalling a process":                       {"signal", other},
		"limiting another process":                   {"prlimit", other},
		"connecting to a TCP port":                   {"connect", tcp},
		"connecting by MPTCP":                        {"mptcp", tcp},
		"sending while a TCP connection is opened":   {"fastopen", tcp},
		"listening on a TCP port of its choice":      {"bind", "127.0.0.1:" + fmt.Sprint(freePort(t))},
		"UDP":                                        {"udp", "127.0.0.1:53"},
		"UDP by IPv6":                                {"socket", "10 2 0"},
		"UDP with flags":                             {"socket", fmt.Sprintf("2 %d 17", unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK)},
		"raw packets":                                {"socket", "2 3 1"},
		"packets below IP":                           {"socket", "17 3 0"},
		"the audit's netlink":                        {"socket", "16 3 9"},
		"connecting to an abstract socket":           {"unix", abstract},
		"leaving the session":                        {"setsid"},
		"leaving the process group":                  {"setpgid"},
		"io_uring":                                   {"io_uring"},
		"the keyring":                                {"keyctl"},
		"shared memory":                              {"shmget"},
		"a network namespace":                        {"unshare"},
		"a user namespace":                           {"clone"},
		"a user namespace by clone3":                 {"clone3"},
		"mounting":                                   {"mount", y.own},
		"another root":                               {"chroot", y.own},
		"naming the machine":                         {"hostname"},
	} {
		t.Run(deed, func(t *testing.T) {
			fresh(t, y)
			if out, ok := output(t, y.bare(append([]string{y.self, "do"}, do...)...)); !ok && unix.Geteuid() == 0 {
				if strings.HasPrefix(deed, "writing to the memory") || deed == "io_uring" {
					t.Logf("it does not work without the sandbox either: %s", out)
				} else {
					t.Errorf("without the sandbox: %s", out)
				}
			}
			fresh(t, y)
			out, ok := output(t, y.command(t, core.Permissions{}, 0, append([]string{y.self, "do"}, do...)...))
			if ok || !strings.HasPrefix(out, "refused: ") {
				t.Errorf("in the sandbox: %q, want a refusal", out)
			}
		})
	}
}

// fresh restores the files that the actions change.
func fresh(t *testing.T, y yard) {
	t.Helper()
	for _, file := range []string{"disk", "link", "mine"} {
		_ = os.Remove(filepath.Join(y.own, file))
	}
	if err := errors.Join(os.Symlink(filepath.Join(y.home, ".ssh", "id_ed25519"), filepath.Join(y.own, "link")),
		os.WriteFile(filepath.Join(y.own, "mine"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) uint16 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return portOf(l)
}

func TestWhatAProcessNeedsOrHasDeclaredIsPossible(t *testing.T) {
	y := newYard(t)
	fresh(t, y)
	egress := listener(t, "tcp", "127.0.0.1:0")
	at := filepath.Join
	for deed, test := range map[string]struct {
		permissions core.Permissions
		do          []string
		want        string
	}{
		"writing to its own folder":       {do: []string{"write", at(y.own, "new")}},
		"moving files about in it":        {do: []string{"rename", y.own}},
		"listening on a socket in it":     {do: []string{"listenUnix", at(y.own, "s")}},
		"changing the mode of its own":    {do: []string{"fchmod", at(y.own, "mine")}},
		"reading certificates":            {do: []string{"authority"}},
		"reading the libraries":           {do: []string{"list", "/usr/lib"}},
		"writing to /dev/null":            {do: []string{"write", "/dev/null"}},
		"many goroutines":                 {do: []string{"busy", y.own}, want: "2000"},
		"asking for routes":               {do: []string{"socket", "16 3 0"}},
		"reading what it has declared":    {core.Permissions{Read: []string{y.outside}}, []string{"read", at(y.outside, "notes")}, "notes"},
		"writing what it has declared":    {core.Permissions{Write: []string{y.outside}}, []string{"write", at(y.outside, "new")}, ""},
		"running what it has declared":    {core.Permissions{Programs: []string{"echo"}}, []string{"run", "echo", "hello"}, "hello\n"},
		"running it by its path":          {core.Permissions{Programs: []string{"/usr/bin/echo"}}, []string{"run", "/usr/bin/echo", "hello"}, "hello\n"},
		"declaring what is not installed": {core.Permissions{Programs: []string{"no-such-program", "/no/such/program"}, Read: []string{"/no/such/file"}}, []string{"nothing"}, ""},
		"connecting to the egress proxy":  {core.Permissions{Network: true}, []string{"connect", egress.Addr().String()}, ""},
		"leaving no core dump":            {do: []string{"core"}, want: "0 0"},
	} {
		t.Run(deed, func(t *testing.T) {
			out, ok := output(t, y.command(t, test.permissions, portOf(egress), append([]string{y.self, "do"}, test.do...)...))
			if !ok || out != test.want {
				t.Errorf("%q, want %q", out, test.want)
			}
		})
	}
}

func TestAPermissionAllowsNothingElse(t *testing.T) {
	needs(t)
	y := newYard(t)
	egress, other := listener(t, "tcp", "127.0.0.1:0"), listener(t, "tcp", "127.0.0.1:0")
	for deed, test := range map[string]struct {
		permissions core.Permissions
		do          []string
	}{
		"what may be read cannot be written":              {core.Permissions{Read: []string{y.outside}}, []string{"write", filepath.Join(y.outside, "notes")}},
		"what may be written cannot be executed":          {core.Permissions{Write: []string{y.outside}}, []string{"run", filepath.Join(y.outside, "true")}},
		"its own folder holds no programs":                {core.Permissions{}, []string{"run", filepath.Join(y.own, "true")}},
		"network means the proxy's port":                  {core.Permissions{Network: true}, []string{"connect", other.Addr().String()}},
		"without network, the proxy's port is closed too": {core.Permissions{}, []string{"connect", egress.Addr().String()}},
		"one program is not another":                      {core.Permissions{Programs: []string{"echo"}}, []string{"run", "/usr/bin/id"}},
	} {
		t.Run(deed, func(t *testing.T) {
			for _, dir := range []string{y.outside, y.own} {
				copyFile(t, "/usr/bin/true", filepath.Join(dir, "true"))
			}
			out, ok := output(t, y.command(t, test.permissions, portOf(egress), append([]string{y.self, "do"}, test.do...)...))
			if ok || !strings.HasPrefix(out, "refused: ") {
				t.Errorf("%q, want a refusal", out)
			}
		})
	}
}

func TestAFolderThatMayBeWrittenOpensNothingByALinkInIt(t *testing.T) {
	needs(t)
	y := newYard(t)
	link, alias := filepath.Join(y.outside, "link"), filepath.Join(t.TempDir(), "alias")
	if err := errors.Join(os.Symlink(filepath.Join(y.home, ".ssh"), link), os.Symlink(y.outside, alias)); err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]core.Permissions{
		"reading below it":              {Write: []string{y.outside}, Read: []string{link}},
		"writing below it":              {Write: []string{y.outside, link}},
		"reading below another name":    {Write: []string{alias}, Read: []string{link}},
		"writing below it, and another": {Write: []string{y.outside}, Read: []string{filepath.Join(alias, "link")}},
	} {
		out, ok := output(t, y.command(t, p, 0, y.self, "do", "read", filepath.Join(link, "id_ed25519")))
		if ok || !strings.Contains(out, "permission denied") {
			t.Errorf("%s: %q", name, out)
		}
	}
	copyFile(t, "/usr/bin/true", filepath.Join(y.outside, "true"))
	p := core.Permissions{Write: []string{y.outside}, Programs: []string{filepath.Join(y.outside, "true")}}
	if _, err := (sandbox.Process{Program: y.self, Permissions: p, Own: []string{y.own}}).Policy(); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("a program below it: error %v, want one of kind config", err)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o700)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryThreadIsRestricted(t *testing.T) {
	needs(t)
	y := newYard(t)
	out, _ := output(t, y.command(t, core.Permissions{}, 0, y.self, "do", "threads", filepath.Join(y.home, ".ssh", "id_ed25519")))
	if out != "64 of 64" {
		t.Errorf("%q were refused", out)
	}
}

func TestAProgramThatItRunsIsHeldToTheSame(t *testing.T) {
	needs(t)
	y := newYard(t)
	out, ok := output(t, y.command(t, core.Permissions{Programs: []string{"cat"}}, 0, y.self, "do", "run", "cat", filepath.Join(y.home, ".ssh", "id_ed25519")))
	if ok || !strings.Contains(out, "Permission denied") {
		t.Errorf("%q, want a refusal", out)
	}
}

func TestAUnixSocketWithAPathIsRefusedWhereTheKernelCanDoThat(t *testing.T) {
	y := newYard(t)
	socket := filepath.Join(y.outside, "s")
	listener(t, "unix", socket)
	out, ok := output(t, y.command(t, core.Permissions{}, 0, y.self, "do", "unix", socket))
	if refused := !ok; refused != sandbox.Supported().Sockets() {
		t.Errorf("%q; refused: %v, but Sockets() is %v", out, refused, sandbox.Supported().Sockets())
	}
	own := filepath.Join(y.own, "s")
	listener(t, "unix", own)
	if out, ok := output(t, y.command(t, core.Permissions{}, 0, y.self, "do", "unix", own)); !ok {
		t.Errorf("the host's socket in the plugin's own folder: %s", out)
	}
}

func TestNoFileOfTheHostStaysOpen(t *testing.T) {
	y := newYard(t)
	file, err := os.Open(filepath.Join(y.home, ".ssh", "id_ed25519"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for sandboxed, cmd := range map[bool]*exec.Cmd{
		false: y.bare(y.self, "do", "files"),
		true:  y.command(t, core.Permissions{}, 0, y.self, "do", "files"),
	} {
		cmd.ExtraFiles = []*os.File{file}
		if out, open := output(t, cmd); open == sandboxed {
			t.Errorf("in the sandbox: %v, file open: %v (%s)", sandboxed, open, out)
		}
	}
}

func TestTheProgramSeesThatThereIsASandboxAndNotItsPolicy(t *testing.T) {
	y := newYard(t)
	out, _ := output(t, y.command(t, core.Permissions{}, 0, y.self, "do", "environ"))
	if strings.Contains(out, sandbox.EnvPolicy) || !strings.Contains(out, "ORCHESTRATOR_SANDBOX=1") || !strings.Contains(out, "HOME="+y.home) {
		t.Errorf("environment:\n%s", out)
	}
}

func TestTheProcessIsTheFirstToGoWhenMemoryRunsOut(t *testing.T) {
	y := newYard(t)
	cmd := y.command(t, core.Permissions{}, 0, y.self, "do", "oom")
	stdin, _ := cmd.StdinPipe()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); _ = cmd.Wait() }()
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	score, err := os.ReadFile(fmt.Sprintf("/proc/%d/oom_score_adj", cmd.Process.Pid))
	if err != nil || string(bytes.TrimSpace(score)) != "500" {
		t.Errorf("oom_score_adj is %q, %v", score, err)
	}
}

func TestALauncherThatCannotDoWhatIsDemandedRunsNothing(t *testing.T) {
	y := newYard(t)
	good := sandbox.Policy{Execute: []string{y.self}, Own: []string{y.own}}
	for name, test := range map[string]struct {
		policy  *sandbox.Policy
		program string
		want    string
	}{
		"no policy":                     {nil, y.self, "there is no policy"},
		"more than the system has":      {&sandbox.Policy{Demand: sandbox.Support{Landlock: 1000, Syscalls: true}}, y.self, "demands more than this system can enforce"},
		"an own folder that is missing": {&sandbox.Policy{Own: []string{"/no/such/folder"}, Demand: sandbox.Supported()}, y.self, "own folder"},
		"a program that is missing":     {&good, "/no/such/program", "/no/such/program"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(y.self, "launch", test.program, "do", "nothing")
			cmd.Env = y.environ()
			if test.policy != nil {
				variable, err := test.policy.Variable()
				if err != nil {
					t.Fatal(err)
				}
				cmd.Env = append(cmd.Env, variable)
			}
			out, _ := output(t, cmd)
			if code := cmd.ProcessState.ExitCode(); code != sandbox.ExitStatus || !strings.Contains(out, test.want) {
				t.Errorf("status %d, %q; want %d and %q", code, out, sandbox.ExitStatus, test.want)
			}
		})
	}
}

func TestALauncherThatCannotRestrictAProgramDoesNotRunIt(t *testing.T) {
	needs(t)
	y := newYard(t)
	policy, err := sandbox.Process{Program: y.self, Environment: y.environ(), Own: []string{y.own}}.Policy()
	if err != nil {
		t.Fatal(err)
	}
	variable, err := policy.Variable()
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"prlimit64":              "limiting the process: forbidding core dumps",
		"close_range":            "limiting the process: closing files of the host",
		"capget":                 "giving up capabilities",
		"capset":                 "giving up capabilities",
		"landlock_add_rule":      "restricting files and network",
		"landlock_restrict_self": "restricting files and network: landlock_restrict_self",
	} {
		t.Run(call, func(t *testing.T) {
			cmd := exec.Command(y.self, "launchWithout", call, y.self, "do", "environ")
			cmd.Env = append(y.environ(), variable)
			out, _ := output(t, cmd)
			if code := cmd.ProcessState.ExitCode(); code != sandbox.ExitStatus || !strings.HasPrefix(out, want+": ") {
				t.Errorf("status %d, %q; want %d and %q", code, out, sandbox.ExitStatus, want)
			}
		})
	}
}

// BenchmarkStart measures what the launcher and the sandbox add to the start of
// a program.
func BenchmarkStart(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	y := yard{self: self, own: b.TempDir()}
	for name, command := range map[string]func() *exec.Cmd{
		"bare": func() *exec.Cmd { return y.bare(self, "do", "nothing") },
		"sandboxed": func() *exec.Cmd {
			return y.command(b, core.Permissions{Programs: []string{"sox", "flite", "espeak-ng"}}, 0, self, "do", "nothing")
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if out, err := command().CombinedOutput(); err != nil {
					b.Fatal(err, string(out))
				}
			}
		})
	}
}
