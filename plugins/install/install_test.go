package install_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"aead.dev/minisign"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/install"
)

// The test binary is a plugin where it is run as "… plugin NAME VERSION".
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "plugin" {
		plugins.Serve(plugins.Info{Name: os.Args[2], Version: os.Args[3]}, nothing())
		return
	}
	goleak.VerifyTestMain(m)
}

func nothing() core.Component {
	text := []core.Modality{core.Text}
	return core.NewConverter(core.Info{Name: "nothing", In: text, Out: text}, struct{}{},
		func(context.Context, struct{}) (core.Converter, error) {
			return nil, core.Errorf(core.ErrorUnsupported, "nothing")
		})
}

// script is a plugin's program: it starts the test binary as one.
func script(t *testing.T, name, version string) []byte {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Appendf(nil, "#!/bin/sh\nexec '%s' plugin %s %s\n", self, name, version)
}

// describe asks a program what it is, in a process of its own.
func describe(ctx context.Context, p host.Program) (host.Plugin, error) {
	h := host.New(host.Options{Programs: []host.Program{p}})
	catalog, err := h.Describe(ctx)
	if err != nil {
		return host.Plugin{}, err
	}
	d := catalog.Plugins()[0]
	return d, errors.Join(d.Err, h.Close())
}

// put writes a file into a folder and returns its path.
func put(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// release makes the release of a script in a folder, and returns its checksums
// file.
func release(t *testing.T, dir, version string) string {
	t.Helper()
	stem := "orchestrator-plugin-acme_" + version
	program := script(t, "acme", version)
	file := stem + "_" + strings.Replace(install.Platform(), "/", "_", 1)
	put(t, dir, file, program)
	return put(t, dir, stem+"_SHA256SUMS", fmt.Appendf(nil, "%x  %s\n", sha256.Sum256(program), file))
}

func options(t *testing.T, source string) install.Options {
	t.Helper()
	return install.Options{Dir: filepath.Join(t.TempDir(), "plugins"), Source: source, Describe: describe}
}

func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("error %v, want one with %q", err, w)
		}
	}
}

// empty fails the test if something is left in a plugin folder.
func empty(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err == nil && len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestManyInstallTheSameAtOnceAndAllFindItInPlace(t *testing.T) {
	o := options(t, release(t, t.TempDir(), "0.3.1"))
	// A process that is started here and now may hold a program open that is
	// being written, which then cannot be started. Installations are processes
	// of their own otherwise.
	o.Describe = func(context.Context, host.Program) (host.Plugin, error) {
		return host.Plugin{OwnName: "acme", Version: "0.3.1", Protocol: "redteam.plugin.v1"}, nil
	}
	var installing sync.WaitGroup
	for range 8 {
		installing.Go(func() {
			got, err := install.Install(t.Context(), o)
			if err != nil || got.Path != filepath.Join(o.Dir, "acme", "0.3.1", "orchestrator-plugin-acme") {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	installing.Wait()
	entries, err := os.ReadDir(o.Dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v; want one folder", entries, err)
	}
	for _, v := range install.Verify(host.Discover([]string{o.Dir}, hclog.NewNullLogger())) {
		if v.Finding != install.OK {
			t.Errorf("%+v", v)
		}
	}
}

func TestAReleaseIsThatOfItsKey(t *testing.T) {
	public, private, err := minisign.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sums := release(t, t.TempDir(), "0.3.1")
	data, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, sums)
	o.Key = &public
	_, err = install.Install(t.Context(), o)
	refused(t, err, "is not signed")
	put(t, filepath.Dir(sums), filepath.Base(sums)+".minisig", []byte("signed, honestly"))
	_, err = install.Install(t.Context(), o)
	refused(t, err, "is not a minisign signature")
	put(t, filepath.Dir(sums), filepath.Base(sums)+".minisig", minisign.Sign(private, append(data, '\n')))
	_, err = install.Install(t.Context(), o)
	refused(t, err, "does not verify")
	empty(t, o.Dir)
	put(t, filepath.Dir(sums), filepath.Base(sums)+".minisig", minisign.Sign(private, data))
	got, err := install.Install(t.Context(), o)
	if err != nil || got.SignedBy != public.String() {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAServerMayNotSendUsAnywhere(t *testing.T) {
	const file = "/orchestrator-plugin-acme_0.3.1_SHA256SUMS"
	dir := t.TempDir()
	release(t, dir, "0.3.1")
	files := httptest.NewServer(http.FileServer(http.Dir(dir)))
	t.Cleanup(files.Close)
	for _, test := range []struct{ name, to, want string }{
		{"to another place that is fine", files.URL, ""},
		{"to where nothing is encrypted", "http://plugins.example.com", "is not an https address"},
		{"to a file", "file:///etc", "is not an https address"},
		{"round in circles", "", "redirects more than 5 times"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, test.to+r.URL.Path, http.StatusFound)
			}))
			t.Cleanup(server.Close)
			o := options(t, server.URL+file)
			o.Unsigned = true
			_, err := install.Install(t.Context(), o)
			if test.want == "" && err != nil {
				t.Error(err)
			}
			if test.want != "" {
				refused(t, err, test.want)
				empty(t, o.Dir)
			}
		})
	}
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestAReleaseThatBreaksOffIsNotInstalled(t *testing.T) {
	dir := t.TempDir()
	release(t, dir, "0.3.1")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "SUMS") {
			w.Header().Set("Content-Length", "1000000")
			_, _ = w.Write([]byte("#!/bin/sh\n"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		http.ServeFile(w, r, filepath.Join(dir, r.URL.Path))
	}))
	t.Cleanup(server.Close)
	o := options(t, server.URL+"/orchestrator-plugin-acme_0.3.1_SHA256SUMS")
	o.Unsigned = true
	_, err := install.Install(t.Context(), o)
	refused(t, err, "fetching orchestrator-plugin-acme_0.3.1", "unexpected EOF")
	empty(t, o.Dir)
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
}

func TestAPluginThatIsNotWhatItSaysIsNotInstalled(t *testing.T) {
	dir := t.TempDir()
	for _, test := range []struct {
		name, file, calls, version string
		want                       string
	}{
		{"another name", "orchestrator-plugin-acme", "other", "0.1.0", `calls itself "other"; its file says that it is "acme"`},
		{"no version", "orchestrator-plugin-acme", "acme", "dev", `the version "dev" of plugin "acme" is not a semantic version`},
		{"a version that is a path", "orchestrator-plugin-acme", "acme", "../../x", "is not a semantic version"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := options(t, put(t, dir, test.file, script(t, test.calls, test.version)))
			_, err := install.Install(t.Context(), o)
			refused(t, err, test.want)
			empty(t, o.Dir)
		})
	}
}

func TestAnInstallationThatIsCancelledLeavesNothingBehind(t *testing.T) {
	o := options(t, release(t, t.TempDir(), "0.3.1"))
	ctx, cancel := context.WithCancel(t.Context())
	o.Describe = func(ctx context.Context, p host.Program) (host.Plugin, error) {
		defer cancel()
		return describe(ctx, p)
	}
	if _, err := install.Install(ctx, o); err == nil {
		t.Error("installed")
	}
	empty(t, o.Dir)
}
