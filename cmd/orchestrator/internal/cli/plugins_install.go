package cli

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"aead.dev/minisign"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// trustFlags say whose releases may be installed.
type trustFlags struct {
	key      string
	unsigned bool
}

func (f *trustFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.key, "key", "", "minisign public `key` that the release has to be signed with: the text that begins with RW, or its file")
	cmd.Flags().BoolVar(&f.unsigned, "unsigned", false, "take a release whoever published it")
	cmd.MarkFlagsMutuallyExclusive("key", "unsigned")
}

// trusted returns the key; nil for none.
func (f *trustFlags) trusted(env Env) (*minisign.PublicKey, error) {
	if f.key == "" {
		return nil, nil
	}
	text := f.key
	if !strings.HasPrefix(text, "RW") {
		const most = 4 << 10
		data, err := app.ReadFile(env.Files, filepath.Dir(f.key), filepath.Base(f.key), most)
		if err != nil {
			return nil, usagef("--key: %w", err).withHint("--key takes the text of a key, which begins with RW, or the file that holds it")
		}
		text = string(data)
	}
	key, err := install.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("--key: %w", err)
	}
	return &key, nil
}

func newPluginsInstallCommand(env Env) *cobra.Command {
	var trust trustFlags
	var confined confinementFlags
	cmd := &cobra.Command{
		Use:   "install PATH|DIRECTORY|URL",
		Short: "Install a plugin from its program, or from a release",
		Long: `install puts a plugin where campaigns find it, beside its other versions.

PATH is a program, or the checksums file of a release. DIRECTORY is a folder with
a release: the programs orchestrator-plugin-NAME_VERSION_OS_ARCH, the checksums
file orchestrator-plugin-NAME_VERSION_SHA256SUMS, and perhaps its signature,
which ends with .minisig. URL is the address of such a checksums file, https, or
http on this machine; the other files are beside it.

The program is started once, to be asked what it is; what it may do is printed
before it is put in place.`,
		Args: takes(1, 1, "a program, a folder or an address"),
		RunE: func(cmd *cobra.Command, given []string) error {
			key, err := trust.trusted(env)
			if err != nil {
				return err
			}
			o, err := installOptions(env, &confined)
			if err != nil {
				return err
			}
			o.Source, o.Key, o.Unsigned = given[0], key, trust.unsigned
			installed, err := install.Install(cmd.Context(), o)
			if err != nil {
				return err
			}
			printInstalled(env.Stdout, installed)
			return nil
		},
	}
	trust.register(cmd)
	confined.register(cmd)
	return cmd
}

// installOptions are the options of every installation.
func installOptions(env Env, confined *confinementFlags) (install.Options, error) {
	if env.DataDir == "" {
		return install.Options{}, usagef("there is no folder to install plugins in").withHint("set XDG_DATA_HOME, or HOME")
	}
	return install.Options{
		Dir:      installDir(env),
		Describe: confined.describe(env),
		Progress: func(file string, size int64) io.WriteCloser { return newDownload(env, file, size) },
		Announce: func(l install.Entry, before *install.Entry) { announce(env.Stdout, l, before) },
	}, nil
}

// announce prints the permissions of a plugin before it is installed.
func announce(w io.Writer, l install.Entry, before *install.Entry) {
	fmt.Fprintf(w, "%s %s may do: %s\n", l.Name, l.Version, l.Permissions)
	if before == nil {
		return
	}
	if more := l.Permissions.Without(before.Permissions); !more.IsZero() {
		fmt.Fprintf(w, "  that is more than %s may do: %s\n", before.Version, more)
	}
}

func printInstalled(w io.Writer, i install.Installed) {
	if i.Already {
		fmt.Fprintf(w, "%s %s is already installed\n", i.Name, i.Version)
	} else {
		fmt.Fprintf(w, "installed %s %s\n", i.Name, i.Version)
	}
	signature := "not checked"
	switch {
	case i.ByLock && i.SignedBy != "":
		signature = "by " + i.SignedBy + ", says the lock, whose checksum it has"
	case i.ByLock:
		signature = "not checked; it has the lock's checksum"
	case i.SignedBy != "":
		signature = "by " + i.SignedBy
	}
	fmt.Fprintf(w, "  from       %s\n  signature  %s\n  SHA-256    %s\n  program    %s\n", i.Source, signature, i.SHA256[install.Platform()], i.Path)
}

// newDownload shows the progress of a download: on a terminal as a bar,
// otherwise as a line.
func newDownload(env Env, file string, size int64) io.WriteCloser {
	if !env.Terminal {
		how := ""
		if size >= 0 {
			how = fmt.Sprintf(" (%.1f MB)", float64(size)/1e6)
		}
		fmt.Fprintf(env.Stderr, "fetching %s%s\n", file, how)
	}
	return view.ByteBar(env.Stderr, env.Terminal, "fetching", size)
}
