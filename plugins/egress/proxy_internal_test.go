package egress

import (
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// envNoFiles has the test run in a process that can open no more files.
const envNoFiles = "EGRESS_TEST_NO_FILES"

func TestAProxyThatCannotListenSaysSo(t *testing.T) {
	if os.Getenv(envNoFiles) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAProxyThatCannotListenSaysSo$")
		cmd.Env = append(os.Environ(), envNoFiles+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v:\n%s", err, out)
		}
		return
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	p := New(Options{})
	none := syscall.Rlimit{Max: limit.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &none); err != nil {
		t.Fatal(err)
	}
	u, err := p.URL("acme")
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err == nil || !strings.HasPrefix(err.Error(), "starting the egress proxy: ") || u != nil {
		t.Errorf("%v, %v; want that it cannot be started", u, err)
	}
	if _, err := p.URL("acme"); err != nil { // as soon as it can
		t.Errorf("once there are files again: %v", err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestAProxyOfTheEnvironmentIsUsedByItsScheme(t *testing.T) {
	for upstream, want := range map[string]string{
		"http://proxy.example:3128":    "",
		"HTTPS://proxy.example":        "",
		"socks5://proxy.example:1080":  "",
		"socks5h://proxy.example:1080": "",
		"ftp://proxy.example":          "the proxy in the environment: proxy: unknown scheme: ftp",
	} {
		u, err := url.Parse(upstream)
		if err != nil {
			t.Fatal(err)
		}
		dial, err := through(u)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want || (dial == nil) != (want != "") {
			t.Errorf("%s: %q, want %q", upstream, got, want)
		}
	}
}
