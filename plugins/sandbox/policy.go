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
	// EnvPolicy is the environment variable with the launcher's policy, in JSON.
	EnvPolicy = "ORCHESTRATOR_SANDBOX_POLICY"
	// ExitStatus is the exit status of a launcher that could not execute the
	// program: 126, as that of a shell.
	ExitStatus = 126
)

// Policy is what a process, and all processes that it starts, may do. Paths are
// absolute; a folder stands for everything below it. A path that does not exist
// allows nothing.
type Policy struct {
	// Read are the files that may be read and the folders that may be listed.
	Read []string `json:"read,omitempty"`
	// Write are the files and folders that may be read, written, created and
	// removed.
	Write []string `json:"write,omitempty"`
	// Execute are the programs that may be executed and read.
	Execute []string `json:"execute,omitempty"`
	// Own are the folders of the process itself. It may write there, and connect
	// to Unix sockets there. They have to exist.
	Own []string `json:"own,omitempty"`
	// Ports are the TCP ports that may be connected to, at any address.
	Ports []uint16 `json:"ports,omitempty"`
	// Start is the path that is executed instead of argv[0], such as an open
	// file below /proc/self/fd. "" stands for argv[0].
	Start string `json:"start,omitempty"`
	// Demand is what the system must be able to enforce; otherwise Exec fails.
	Demand Support `json:"demand"`
}

// Variable returns the policy as an entry of the launcher's environment,
// [EnvPolicy]=JSON.
func (p Policy) Variable() (string, error) {
	encoded, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encoding the sandbox's policy: %w", err)
	}
	return EnvPolicy + "=" + string(encoded), nil
}

// Process describes a process to be started, as far as its policy depends on it.
type Process struct {
	// Program is the absolute path of the program.
	Program string
	// Permissions are those that the plugin has declared.
	Permissions core.Permissions
	// Environment is the environment of the process, NAME=VALUE. PATH is used to
	// find declared programs, SSL_CERT_FILE and SSL_CERT_DIR to allow reading
	// certificates.
	Environment []string
	// Own are the temporary folder of the process and the folder of its socket.
	Own []string
	// Egress is the TCP port of the egress proxy on this machine; 0 for none. It
	// is allowed only if the plugin declares network.
	Egress uint16
}

// Policy returns the policy of the process: the files of the system that every
// program needs, its own folders, and what the plugin has declared. It demands
// everything that this system supports. It fails with [core.ErrorConfig] if the
// plugin could replace a program that it may execute.
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

// outside returns the paths that are not below a writable folder. Below one they
// may be used anyway, and a rule of their own would follow a symbolic link that the
// plugin has put in their place, for instance to the user's keys.
func (p Process) outside(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return p.writable(path) != "" })
}

// swappable returns an error if the plugin could replace a file that it may execute.
func (p Process) swappable(allowed programs) error {
	for _, path := range slices.Concat(allowed.execute, allowed.read) {
		if folder := p.writable(path); folder != "" {
			return core.Errorf(core.ErrorConfig, "the plugin may write to %s, and run %s there", folder, path).
				WithHint("a plugin that asks to write to a folder has no programs below it")
		}
	}
	return nil
}

// writable returns the declared writable folder that contains a path, or "".
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

// resolved returns a path with its symbolic links resolved, or unchanged if it does
// not exist.
func resolved(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

// variable returns the value of an environment variable, that of its last entry; ""
// if it is not set.
func (p Process) variable(name string) string {
	for _, entry := range slices.Backward(p.Environment) {
		if value, ok := strings.CutPrefix(entry, name+"="); ok {
			return value
		}
	}
	return ""
}

// certificates returns the absolute paths in SSL_CERT_DIR and SSL_CERT_FILE.
func (p Process) certificates() []string {
	var paths []string
	for _, path := range append(filepath.SplitList(p.variable("SSL_CERT_DIR")), p.variable("SSL_CERT_FILE")) {
		if filepath.IsAbs(path) {
			paths = append(paths, path)
		}
	}
	return paths
}
