package plugins

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

func TestARefusalOfTheSandboxSaysWhatWasTriedAndWhatHasToBeDeclared(t *testing.T) {
	t.Setenv(wire.EnvSandbox, "1")
	address := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 443}
	for _, test := range []struct {
		err  error
		want string
	}{
		{
			&fs.PathError{Op: "open", Path: "/root/.ssh/id_ed25519", Err: syscall.EACCES},
			"the sandbox refused to open /root/.ssh/id_ed25519: the plugin has to declare it in Info.Permissions.Read, or in Write to change it",
		},
		{&fs.PathError{Op: "mkdir", Path: "/data", Err: syscall.EACCES}, "the sandbox refused to mkdir /data: the plugin has to declare it in Info.Permissions.Write"},
		{&os.LinkError{Op: "rename", Old: "/tmp/a", New: "/data/a", Err: syscall.EACCES}, "the sandbox refused to rename /data/a: the plugin has to declare it in Info.Permissions.Write"},
		{&fs.PathError{Op: "fork/exec", Path: "/usr/bin/sox", Err: syscall.EACCES}, "the sandbox refused to run /usr/bin/sox: the plugin has to declare it in Info.Permissions.Programs"},
		{&exec.Error{Name: "sox", Err: fs.ErrPermission}, "the sandbox refused to run sox: the plugin has to declare it in Info.Permissions.Programs"},
		{
			&url.Error{Op: "Get", URL: "https://x", Err: &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", syscall.EACCES)}},
			"the sandbox refused to dial tcp 10.0.0.1:443: the plugin has to declare Info.Permissions.Network, and to connect by TCP " +
				"as http.DefaultTransport does or through the proxy that HTTPS_PROXY names",
		},
		{
			&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Name: "api.example", Err: "dial udp 10.0.0.1:53: socket: operation not permitted"}},
			"the sandbox refused to look up api.example: the plugin has to declare Info.Permissions.Network, and to connect by TCP " +
				"as http.DefaultTransport does or through the proxy that HTTPS_PROXY names",
		},
		{os.NewSyscallError("setsid", syscall.EPERM), "the sandbox refused the system call setsid, which no permission allows"},
		{fmt.Errorf("trying: %w", syscall.EPERM), "the sandbox refused it: the plugin has to declare in Info.Permissions what it does"},
		{
			&url.Error{Op: "Get", URL: "https://api.example/v1?key=secret", Err: errors.New("Forbidden")},
			"the orchestrator's proxy refused https://api.example: its host has to be in the campaign's scope.hosts",
		},
		{core.Errorf(core.ErrorUnsupported, "no file: %w", syscall.EACCES).WithHint("another file"), "another file"},
		{errors.New("out of cheese"), ""},
	} {
		for name, err := range map[string]error{
			"":                test.err,
			"wrapped":         fmt.Errorf("converting: %w", test.err),
			"with a kind":     core.Errorf(core.ErrorUnavailable, "converting: %w", test.err),
			"kind and a wait": fmt.Errorf("converting: %w", core.Errorf(core.ErrorRateLimited, "wait: %w", test.err).After(time.Second)),
		} {
			explained := explainRefusal(err)
			if got := core.HintOf(explained); got != test.want {
				t.Errorf("%v: hint %q, want %q", err, got, test.want)
			}
			if explained.Error() != err.Error() || core.KindOf(explained) != core.KindOf(err) || core.RetryAfterOf(explained) != core.RetryAfterOf(err) {
				t.Errorf("%s: %v became the %q error %v", name, err, core.KindOf(explained), explained)
			}
		}
	}
}

func TestAPluginThatHasDeclaredTheNetworkIsNotToldToDeclareIt(t *testing.T) {
	t.Setenv(wire.EnvSandbox, "1")
	t.Setenv(wire.EnvEgress, "http://127.0.0.1:1")
	const want = "the sandbox refused to look up api.example: the plugin has to connect by TCP " +
		"as http.DefaultTransport does or through the proxy that HTTPS_PROXY names"
	if hint := core.HintOf(explainRefusal(&net.DNSError{Name: "api.example"})); hint != want {
		t.Errorf("hint %q, want %q", hint, want)
	}
}

func TestOutsideASandboxNothingIsBlamedOnIt(t *testing.T) {
	t.Setenv(wire.EnvSandbox, "")
	err := &fs.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}
	if hint := core.HintOf(explainRefusal(err)); hint != "" {
		t.Errorf("hint %q", hint)
	}
	if explainRefusal(nil) != nil {
		t.Error("nil becomes an error")
	}
}
