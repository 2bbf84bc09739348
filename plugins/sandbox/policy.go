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
		return Policy{}, core.Errorf(core.KindInternal, "the sandboxed program %q has no absolute path", p.Program)
	}
	if err := p.Permissions.Check(); err != nil {
		return Policy{}, err
	}
	allowed := programs{path: p.variable("PATH")}
	allowed.add(p.Program)
	for _, name := range p.Permissions.Programs {
		allowed.add(allowed.find(name))
	}
	policy := Policy{
		Read:    slices.Concat(system(), p.certificates(), allowed.read, p.Permissions.Read),
		Write:   slices.Concat(devices(), p.Permissions.Write),
		Execute: allowed.execute,
		Own:     p.Own,
		Demand:  Supported(),
	}
	if p.Permissions.Network && p.Egress != 0 {
		policy.Ports = []uint16{p.Egress}
	}
	return policy, nil
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
