package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// hostFlags are the flags of every command that starts plugins.
type hostFlags struct {
	dirs     []string
	logLevel string
	confined confinementFlags
}

func (f *hostFlags) register(cmd *cobra.Command) {
	f.registerSearch(cmd)
	f.confined.register(cmd)
}

// registerSearch registers the flags of a command that starts no plugin.
func (f *hostFlags) registerSearch(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "plugin-dir", nil, "`folder` with third-party plugins; may be repeated")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "warn", "what to log: trace, debug, info, warn or error")
	completeFlag(cmd, "log-level", "trace", "debug", "info", "warn", "error")
}

// plugins returns the Plugins. Their log and warnings about them are written to
// w.
func (f *hostFlags) plugins(env Env, w io.Writer) (*app.Plugins, error) {
	level := hclog.LevelFromString(f.logLevel)
	if level == hclog.NoLevel {
		return nil, usagef("--log-level %q is not trace, debug, info, warn or error", f.logLevel)
	}
	if err := checkFolders(f.dirs); err != nil {
		return nil, err
	}
	value, _ := env.LookupEnv(host.EnvAttach)
	attached, err := host.ParseAttachments(value)
	if err != nil {
		return nil, err
	}
	return &app.Plugins{
		Folders: f.search(env), Attached: attached, Bundled: []string{env.Executable, pluginServe}, Bundles: bundles,
		Companions: companions(env), Confinement: f.confined.confinement(env),
		Log:  hclog.New(&hclog.LoggerOptions{Name: "orchestrator", Level: level, Output: w}),
		Warn: console{w}.Warn,
	}, nil
}

// search lists the folders of third-party plugins, in order of precedence. It
// never contains the current folder or PATH: a cloned campaign must not be able
// to bring a program along.
func (f *hostFlags) search(env Env) []string {
	dirs := append([]string(nil), f.dirs...)
	if list, ok := env.LookupEnv("ORCHESTRATOR_PLUGIN_DIR"); ok {
		for _, dir := range filepath.SplitList(list) {
			if dir != "" {
				dirs = append(dirs, dir)
			}
		}
	}
	if env.DataDir != "" {
		dirs = append(dirs, installDir(env))
	}
	return dirs
}

// installDir is the folder in which plugins are installed.
func installDir(env Env) string { return filepath.Join(env.DataDir, "plugins") }

// checkFolders returns an error for a --plugin-dir that is not a folder: the
// user expects plugins in it.
func checkFolders(dirs []string) error {
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil {
			return usagef("--plugin-dir: %w", err).withHint("")
		}
		if !info.IsDir() {
			return usagef("--plugin-dir: %s is not a folder", dir).withHint("--plugin-dir takes the folder that the plugins are in")
		}
	}
	return nil
}

// confinementFlags are the restrictions of the plugins' processes.
type confinementFlags struct {
	required bool
	exempt   []string
}

func (f *confinementFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.required, "require-sandbox", false, "start no plugin that this system cannot hold to all that it declares")
	cmd.Flags().StringArrayVar(&f.exempt, "no-sandbox", nil, "`plugin` that is held to nothing; orchestrator is the bundled one, and providers the one beside it; may be repeated")
}

// confinement returns the restrictions that this program can enforce.
func (f *confinementFlags) confinement(env Env) host.Confinement {
	return host.Confinement{
		Launcher: []string{env.Executable, pluginLaunch},
		Bundled:  bundledPermissions(),
		Exempt:   f.exempt,
		Required: f.required,
	}
}

// describe starts one program and returns its description.
func (f *confinementFlags) describe(env Env) func(context.Context, host.Program) (host.Plugin, error) {
	return (&app.Plugins{Confinement: f.confinement(env)}).Describe
}
