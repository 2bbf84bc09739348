package cli_test

import (
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"aead.dev/minisign"
	"github.com/rogpeppe/go-internal/testscript"
)

// acme is a third party's plugin, in two versions of which the later one may do
// more, and the keys of its publisher and of somebody else.
type acme struct {
	t        *testing.T
	dir      string
	keys     map[string]minisign.PrivateKey
	building map[string]func() (string, error)
}

func newAcme(t *testing.T) *acme {
	a := &acme{t: t, dir: t.TempDir(), keys: map[string]minisign.PrivateKey{}, building: map[string]func() (string, error){}}
	for _, who := range []string{"acme", "mallory"} {
		_, private, err := minisign.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		a.keys[who] = private
	}
	for version, programs := range map[string]string{"0.3.0": "", "0.4.0": "flite"} {
		a.building[version] = sync.OnceValues(func() (string, error) { return a.build(version, programs) })
	}
	return a
}

// build builds a version of the plugin and returns its program.
func (a *acme) build(version, programs string) (string, error) {
	path := filepath.Join(a.dir, version)
	flags := fmt.Sprintf("-s -w -X main.version=%s -X main.programs=%s", version, programs)
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, "-ldflags", flags, "./testdata/acme")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0") // as the orchestrator is built: they share the cache
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building acme %s: %w\n%s", version, err, out)
	}
	return path, nil
}

// public is somebody's public key.
func (a *acme) public(who string) string {
	return a.keys[who].Public().(minisign.PublicKey).String()
}

// program copies a version's program: program VERSION FILE.
func (a *acme) program(ts *testscript.TestScript, _ bool, given []string) {
	built, err := a.building[given[0]]()
	ts.Check(err)
	data, err := os.ReadFile(built)
	ts.Check(err)
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(given[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(given[1]), data, 0o755))
}

// release makes the folder of a release, signed by acme, by mallory or by
// nobody: release VERSION FOLDER SIGNER.
func (a *acme) release(ts *testscript.TestScript, _ bool, given []string) {
	version, dir := given[0], ts.MkAbs(given[1])
	file := "orchestrator-plugin-acme_" + version
	program := file + "_" + runtime.GOOS + "_" + runtime.GOARCH
	a.program(ts, false, []string{version, filepath.Join(dir, program)})
	data, err := os.ReadFile(filepath.Join(dir, program))
	ts.Check(err)
	sums := []byte(fmt.Sprintf("%x  %s\n%x  %s_plan9_amd64\n", sha256.Sum256(data), program, sha256.Sum256(nil), file))
	ts.Check(os.WriteFile(filepath.Join(dir, file+"_SHA256SUMS"), sums, 0o644))
	if key, ok := a.keys[given[2]]; ok {
		ts.Check(os.WriteFile(filepath.Join(dir, file+"_SHA256SUMS.minisig"), minisign.Sign(key, sums), 0o644))
	}
}

// keyFile writes acme's public key to a file, as minisign does: keyfile FILE.
func (a *acme) keyFile(ts *testscript.TestScript, _ bool, given []string) {
	text, err := a.keys["acme"].Public().(minisign.PublicKey).MarshalText()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(given[0]), append(text, '\n'), 0o644))
}

// flip changes one bit in the middle of a file: flip FILE.
func flip(ts *testscript.TestScript, _ bool, given []string) {
	path := ts.MkAbs(given[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(path, data, 0o755))
}

// stopped makes the runs of a store look as if they had been interrupted during
// their last trials: stopped STORE.
func stopped(ts *testscript.TestScript, _ bool, given []string) {
	db, err := sql.Open("sqlite", filepath.Join(ts.MkAbs(given[0]), "runs.db"))
	ts.Check(err)
	_, err = db.Exec(`UPDATE runs SET status = 'interrupted'; UPDATE trials SET outcome = NULL WHERE number = 2`)
	ts.Check(errors.Join(err, db.Close()))
}

// TestPluginScripts runs the scripts that install plugins. $WWW is the address
// of the folder www, and $KEY and $MALLORY are public keys.
func TestPluginScripts(t *testing.T) {
	t.Parallel()
	practice := newPractice(t, nil)
	a := newAcme(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/plugins",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "program": a.program, "release": a.release, "keyfile": a.keyFile, "flip": flip, "stopped": stopped,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			www := httptest.NewServer(http.FileServer(http.Dir(filepath.Join(env.WorkDir, "www"))))
			env.Defer(www.Close)
			for name, value := range map[string]string{
				"HOME": env.WorkDir, "XDG_DATA_HOME": filepath.Join(env.WorkDir, "data"), "PRACTICE_KEY": apiKey,
				"WWW": www.URL, "KEY": a.public("acme"), "MALLORY": a.public("mallory"), "PLATFORM": runtime.GOOS + "_" + runtime.GOARCH,
				"INSTALLED": filepath.Join(env.WorkDir, "data", "orchestrator", "plugins", "acme"),
			} {
				env.Setenv(name, value)
			}
			return fillIn(env.WorkDir, map[string]string{"ENDPOINT": practice.endpoint(), "WWW": www.URL})
		},
	})
}

func TestAnInterruptedDownloadLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	const file = "orchestrator-plugin-acme_1.0.0_SHA256SUMS"
	reached := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, file) {
			fmt.Fprintf(w, "%064d  orchestrator-plugin-acme_1.0.0_%s_%s\n", 1, runtime.GOOS, runtime.GOARCH)
			return
		}
		_, _ = w.Write([]byte("the beginning"))
		w.(http.Flusher).Flush()
		close(reached)
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	data := t.TempDir()
	cmd := exec.Command("orchestrator", "plugins", "install", "--unsigned", server.URL+"/"+file)
	cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+data)
	var output strings.Builder
	cmd.Stderr = &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d, want 130:\n%s", got, &output)
	}
	left, err := os.ReadDir(filepath.Join(data, "orchestrator", "plugins"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
