package host

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// Confinement says which restrictions apply to the processes of plugins.
type Confinement struct {
	// Launcher is the command line of a program that calls [sandbox.Exec] with
	// the arguments after it. Without one, nothing is enforced, and plugins
	// reach the network as this process does.
	Launcher []string
	// Egress is the proxy for all connections; it must be set if Launcher is.
	Egress *egress.Proxy
	// Bundled are the permissions of the bundled plugin. Others declare theirs.
	Bundled core.Permissions
	// Exempt names plugins without restrictions.
	Exempt []string
	// Required refuses to start a plugin for which not all restrictions can be
	// enforced.
	Required bool
}

// confines reports whether any restriction applies to the plugin's processes.
func (p *plugin) confines() bool {
	c := p.options.Confinement
	return len(c.Launcher) > 0 && p.attach == nil && !slices.Contains(c.Exempt, p.name)
}

// confined is the way in which a process of a plugin is started.
type confined struct {
	// folder holds the process's temporary files and its socket. It is removed
	// when the process has ended.
	folder string
	// lock is held as long as the folder is in use: see [Leftovers].
	lock *os.File
	env  []string
	// launcher and policy are empty where nothing is enforced.
	launcher []string
	policy   sandbox.Policy
	// words describe the restrictions.
	words string
}

// confine prepares the start of a process with the given permissions. The
// caller has to remove the result.
func (p *plugin) confine(permissions core.Permissions) (_ *confined, err error) {
	c := &confined{}
	defer func() {
		if err != nil {
			c.remove()
			err = fmt.Errorf("preparing its sandbox: %w", err)
		}
	}()
	if err := c.ownFolder(); err != nil {
		return nil, err
	}
	c.env = append(environment(p.options.Limits), wire.EnvFolder+"="+c.folder, "TMPDIR="+c.temp())
	o := p.options.Confinement
	if slices.Contains(o.Exempt, p.name) {
		c.env = append(c.env, home()...)
	} else {
		c.env = append(c.env, "HOME="+c.temp())
	}
	if !p.confines() {
		c.words = "not sandboxed"
		return c, o.insist(errors.New("the plugin is not run in a sandbox"), "do without --no-sandbox, or without --require-sandbox")
	}
	process := sandbox.Process{Program: p.path(), Permissions: permissions, Own: []string{c.folder}}
	if permissions.Network {
		way, err := o.Egress.URL(p.name)
		if err != nil {
			return nil, err
		}
		c.useEgressProxy(way)
		port, err := strconv.ParseUint(way.Port(), 10, 16)
		if err != nil {
			return nil, fmt.Errorf("the egress proxy's port: %w", err)
		}
		process.Egress = uint16(port)
	} else {
		c.env = slices.DeleteFunc(c.env, isProxy)
	}
	process.Environment = c.env
	return c, c.enforce(o, process)
}

// enforce sets up the restrictions that the system supports.
func (c *confined) enforce(o Confinement, process sandbox.Process) error {
	support := sandbox.Supported()
	c.words = support.String()
	if !support.Complete() {
		hint := "run it on a system that can enforce everything: Linux 6.12 or later with Landlock; or do without --require-sandbox"
		if err := o.insist(errors.New("the system does not restrict "+strings.Join(support.Missing(), ", ")), hint); err != nil {
			return err
		}
	}
	if !support.Any() {
		return nil
	}
	var err error
	c.launcher = o.Launcher
	c.policy, err = process.Policy()
	return err
}

// insist returns an error where the sandbox is required and incomplete.
func (c Confinement) insist(lack error, hint string) error {
	if !c.Required {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "a complete sandbox is required: %w", lack).WithHint("%s", hint)
}

// ownFolder creates the process's folder.
func (c *confined) ownFolder() (err error) {
	for locked := false; !locked; {
		if c.folder, err = os.MkdirTemp(socketDir(os.TempDir()), "orchestrator-"); err != nil {
			return fmt.Errorf("making a folder for it: %w", err)
		}
		if c.lock, locked, err = lockFolder(c.folder); err != nil {
			return fmt.Errorf("locking its folder: %w", err)
		}
	}
	return os.Mkdir(c.temp(), 0o700)
}

func (c *confined) temp() string { return filepath.Join(c.folder, "tmp") }

func (c *confined) remove() {
	if c.folder != "" {
		_ = os.RemoveAll(c.folder) // an error leaves files behind
	}
	if c.lock != nil {
		_ = c.lock.Close() // nothing was written
	}
}

// useEgressProxy makes the egress proxy the process's only way into the network.
func (c *confined) useEgressProxy(way *url.URL) {
	c.env = append(slices.DeleteFunc(c.env, isProxy), wire.EnvEgress+"="+way.String())
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		c.env = append(c.env, name+"="+way.String())
	}
	c.env = append(c.env, "NO_PROXY=", "no_proxy=")
}

// isProxy reports whether an environment variable configures a proxy.
func isProxy(entry string) bool {
	name, _, _ := strings.Cut(entry, "=")
	return strings.HasSuffix(strings.ToLower(name), "_proxy")
}

// hold wraps a command so that the program is started in the sandbox.
func (c *confined) hold(cmd *exec.Cmd) error {
	cmd.Env, cmd.Dir = append(c.env, cmd.Env...), c.temp()
	if len(c.launcher) == 0 {
		return nil
	}
	c.policy.Start = cmd.Path
	variable, err := c.policy.Variable()
	if err != nil {
		return err
	}
	cmd.Env = append(cmd.Env, variable)
	cmd.Path, cmd.Args = c.launcher[0], slices.Concat(c.launcher, cmd.Args)
	return nil
}
