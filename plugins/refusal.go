package plugins

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// explainRefusal adds a hint to an error that the sandbox has caused: what the
// plugin has tried, and what it would have to declare. An error with a hint is
// unchanged, and so is every error outside a sandbox.
func explainRefusal(err error) error {
	if err == nil || os.Getenv(wire.EnvSandbox) == "" || core.HintOf(err) != "" {
		return err
	}
	hint := refusalHint(err)
	if hint == "" {
		return err
	}
	if e, ok := err.(*core.Error); ok { //nolint:errorlint // the text of a wrapping error would be lost
		return e.WithHint("%s", hint)
	}
	explained := core.Errorf(core.KindOf(err), "%w", err).WithHint("%s", hint)
	if e, ok := errors.AsType[*core.Error](err); ok {
		explained.RetryAfter = e.RetryAfter
	}
	return explained
}

// refusalHint returns the hint for a refusal; "" for any other error.
func refusalHint(err error) string {
	if u, ok := errors.AsType[*url.Error](err); ok && u.Err.Error() == http.StatusText(http.StatusForbidden) {
		return fmt.Sprintf("the orchestrator's proxy refused %s: its host has to be in the campaign's scope.hosts", withoutQuery(u.URL))
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok { // it does not say what kind of error caused it
		return networkHint("look up " + e.Name)
	}
	if !errors.Is(err, fs.ErrPermission) {
		return ""
	}
	if e, ok := errors.AsType[*exec.Error](err); ok {
		return fmt.Sprintf("the sandbox refused to run %s: the plugin has to declare it in Info.Permissions.Programs", e.Name)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return connectionHint(e)
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return pathHint(e.Op, e.Path)
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return pathHint(e.Op, e.New)
	}
	if e, ok := errors.AsType[*os.SyscallError](err); ok {
		return fmt.Sprintf("the sandbox refused the system call %s, which no permission allows", e.Syscall)
	}
	return "the sandbox refused it: the plugin has to declare in Info.Permissions what it does"
}

// connectionHint explains a refused connection.
func connectionHint(e *net.OpError) string {
	what := e.Op + " " + e.Net
	if e.Addr != nil {
		what += " " + e.Addr.String()
	}
	return networkHint(what)
}

// networkHint explains a refused network operation, even to a plugin that may
// use the network.
func networkHint(what string) string {
	first := "declare Info.Permissions.Network, and to "
	if os.Getenv(wire.EnvEgress) != "" {
		first = ""
	}
	return fmt.Sprintf("the sandbox refused to %s: the plugin has to %sconnect by TCP as http.DefaultTransport does "+
		"or through the proxy that HTTPS_PROXY names", what, first)
}

// pathHint explains a refused operation on a file. The error of opening a file
// does not say whether it was for reading or writing.
func pathHint(op, path string) string {
	switch {
	case strings.HasPrefix(op, "fork"), op == "exec":
		return fmt.Sprintf("the sandbox refused to run %s: the plugin has to declare it in Info.Permissions.Programs", path)
	case op == "open", op == "read", op == "readdirent":
		return fmt.Sprintf("the sandbox refused to open %s: the plugin has to declare it in Info.Permissions.Read, or in Write to change it", path)
	}
	return fmt.Sprintf("the sandbox refused to %s %s: the plugin has to declare it in Info.Permissions.Write", op, path)
}

// withoutQuery returns an address without its query, which may hold secrets.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "the address"
	}
	return u.Scheme + "://" + u.Host
}
