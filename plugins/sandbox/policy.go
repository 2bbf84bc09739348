package sandbox

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	// EnvPolicy is the variable in which the launcher finds the policy.
	EnvPolicy = "ORCHESTRATOR_SANDBOX_POLICY"
	// ExitStatus is the exit status of a launcher that does not get to run the
	// program, as that of a shell which may not run one.
	ExitStatus = 126
)

// Policy is what one process, and all that it starts, may do. Paths are
// absolute, and a folder stands for all that is below it. A path that does not
// exist allows nothing.
type Policy struct {
	// Read are the files that it may read, and the folders that it may list.
	Read []string `json:"read,omitempty"`
	// Write are those that it may read, write, make and remove.
	Write []string `json:"write,omitempty"`
	// Execute are the programs that it may execute; they are readable, too.
	Execute []string `json:"execute,omitempty"`
	// Own are the folders that belong to the process. It may write there, and
	// connect to the sockets of others. They have to exist.
	Own []string `json:"own,omitempty"`
	// Ports are the TCP ports that it may connect to.
	Ports []uint16 `json:"ports,omitempty"`
	// Start is what is executed where that is not argv[0], such as the open file
	// of a program, by its path below /proc/self/fd.
	Start string `json:"start,omitempty"`
	// Demand is what the system must enforce, or else nothing is run.
	Demand Support `json:"demand"`
}

// Variable returns the entry of the launcher's environment that holds the
// policy.
func (p Policy) Variable() (string, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encoding the sandbox's policy: %w", err)
	}
	return EnvPolicy + "=" + string(encoded), nil
}

// Process is a process that is to be started, as far as its policy depends on
// it.
type Process struct {
	// Program is the absolute path of what is executed.
	Program string
	// Permissions are what the plugin has declared.
	Permissions core.Permissions
	// Environment is what the process will find in its environment: PATH says
	// where programs are, SSL_CERT_FILE and SSL_CERT_DIR where certificates
	// are.
	Environment []string
	// Own are the temporary folder of the process and that of its socket.
	Own []string
	// Egress is the TCP port of the egress proxy. It is not used for a plugin
	// that declares no network.
	Egress uint16
}

// Policy returns what the process may do: what every program needs of the
// system, what is its own, and what it has declared.
func (p Process) Policy() (Policy, error) {
	if !filepath.IsAbs(p.Program) {
		return Policy{}, core.Errorf(core.ErrorInternal, "the sandboxed program %q has no absolute path", p.Program)
	}
	if err := p.Permissions.Check(); err != nil {
		return Policy{}, err
	}
	allowed := programs{path: p.variable("PATH")}
	allowed.add(p.Program)
	for _, name := range p.Permissions.Programs {
		allowed.add(allowed.find(name))
	}
	if err := p.swappable(allowed); err != nil {
		return Policy{}, err
	}
	policy := Policy{
		Read:    slices.Concat(system(), p.certificates(), allowed.read, p.outside(p.Permissions.Read)),
		Write:   slices.Concat(devices(), p.outside(p.Permissions.Write)),
		Execute: allowed.execute,
		Own:     p.Own,
		Demand:  Supported(),
	}
	if p.Permissions.Network && p.Egress != 0 {
		policy.Ports = []uint16{p.Egress}
	}
	return policy, nil
}

// outside returns the paths that are not below one that may be written. What is
// below may be used anyway, and a rule of its own would be for whatever the plugin
// has put there meanwhile: a link to the user's keys.
func (p Process) outside(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return p.writable(path) != "" })
}

// swappable returns an error if the plugin could put another file in the place of
// one that it may execute.
func (p Process) swappable(allowed programs) error {
	for _, path := range slices.Concat(allowed.execute, allowed.read) {
		if folder := p.writable(path); folder != "" {
			return core.Errorf(core.ErrorConfig, "the plugin may write to %s, and run %s there", folder, path).
				WithHint("a plugin that asks to write to a folder has no programs below it")
		}
	}
	return nil
}

// writable returns the folder that a path is below and that the plugin may write
// to, or "".
func (p Process) writable(path string) string {
	for _, folder := range p.Permissions.Write {
		for _, from := range []string{folder, resolved(folder)} {
			for _, to := range []string{path, filepath.Join(resolved(filepath.Dir(path)), filepath.Base(path))} {
				if within, err := filepath.Rel(from, to); err == nil && within != "." && filepath.IsLocal(within) {
					return folder
				}
			}
		}
	}
	return ""
}

// resolved returns where the links in a path lead to, as far as it exists.
func resolved(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// variable returns a variable of the environment; the last entry holds.
func (p Process) variable(name string) string {
	for _, entry := range slices.Backward(p.Environment) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// certificates are where the environment says that certificates are.
func (p Process) certificates() []string {
	var paths []string
	for _, path := range append(filepath.SplitList(p.variable("SSL_CERT_DIR")), p.variable("SSL_CERT_FILE")) {
		if filepath.IsAbs(path) {
			paths = append(paths, path)
		}
	}
	return paths
}
