package cli_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

const proxyPassword = "p@ss/wörd-Zx81"

// credentialProxy opens tunnels for one user only, and counts them.
func credentialProxy(t *testing.T) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	opened := new(atomic.Int32)
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte("tester:"+proxyPassword))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || r.Header.Get("Proxy-Authorization") != want {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		service, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = service.Close() }()
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = client.Close() }()
		opened.Add(1)
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(service, client); _ = service.Close() }()
		_, _ = io.Copy(client, service)
	}))
	t.Cleanup(s.Close)
	return s, opened
}

// forms are the forms in which a secret may be in a file.
func forms(secret string) map[string]string {
	all := map[string]string{
		"as it is": secret, "escaped in a query": url.QueryEscape(secret), "escaped in a user": url.UserPassword("x", secret).String()[2:],
	}
	for shift := range 3 { // what precedes it shifts the groups of three bytes
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
		from := (shift*8 + 5) / 6
		all["base64 after "+strings.Repeat("x", shift)] = encoded[from : from+(len(secret)-3)*8/6]
	}
	return all
}

func holding(t *testing.T, dir, secret string) (found []string, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		files++
		for name, form := range forms(secret) {
			if bytes.Contains(data, []byte(form)) {
				found = append(found, path+" has it "+name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found, files
}

const throughProxy = `version: 1
name: through
targets:
  agent:
    use: realtime
    with: {endpoint: "ENDPOINT", model: practice, api_key: "${PRACTICE_KEY}", output: text, proxy: "PROXY", proxy_user: tester, proxy_password: "${PROXY_WORD}"}
scorers: {leaked: {use: match/substring, with: {any: ["blue eleven"]}}}
attacks: [{name: ask, target: agent, objective: none, turns: [{user: "Hello."}], scorers: [leaked]}]
`

func TestAProxysPasswordIsUsedAndRecordedNowhere(t *testing.T) {
	practice := newPractice(t, nil)
	proxy, opened := credentialProxy(t)
	for name, password := range map[string]string{"the right one": proxyPassword, "a wrong one": "wrong-" + proxyPassword} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("PROXY_WORD", password)
			dir := t.TempDir()
			file := filepath.Join(dir, "campaign.yaml")
			yaml := strings.NewReplacer("ENDPOINT", practice.endpoint(), `"PROXY"`, proxy.URL).Replace(throughProxy)
			if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			before := opened.Load()
			p := startProgram(t, dir, "run", file)
			code, want := p.exit(), map[string]int{"the right one": 0, "a wrong one": 3}[name]
			if code != want || (opened.Load() > before) != (want == 0) {
				t.Fatalf("exit code %d, %d tunnels:\n%s", code, opened.Load()-before, p.output)
			}
			p.command(0, "export", "latest", filepath.Join(dir, "run.tar"))
			found, files := holding(t, dir, password)
			if files < 3 || len(found) > 0 || strings.Contains(p.output.String(), password) {
				t.Errorf("in %d files: %v\n%s", files, found, p.output)
			}
		})
	}
}

func TestASecretInAnAddressIsRefusedAndNeverShown(t *testing.T) {
	t.Parallel()
	const hidden = "hunter2zzz"
	for _, test := range []struct{ use, with, hint string }{
		{"realtime", `endpoint: "http://user:hunter2zzz@127.0.0.1:1/v1", model: m`, "api_key"},
		{"realtime", `endpoint: "wss://127.0.0.1:1/v1?key=hunter2zzz", model: m`, "api_key"},
		{"realtime", `model: m, proxy: "http://us%20er:hunter2zzz@127.0.0.1:1"`, "proxy_password"},
		{"realtime", `model: m, proxy: "http://${USER}:hunter2zzz@127.0.0.1:1"`, "proxy_password"},
		{"realtime", `endpoint: "user:hunter2zzz@127.0.0.1:1/v1", model: m`, ""},
		{"realtime", `endpoint: "http://user:hunter2zzz@127.0.0.1:1/v1", modl: m`, ""},
		{"http", `url: "http://127.0.0.1:1/chat?api-key=hunter2zzz"`, "api_key"},
		{"http", `url: "http://127.0.0.1:1/chat", request: {url: "http://127.0.0.1:1/x?sig=hunter2zzz"}`, "secrets"},
		{"http", `url: "http://127.0.0.1:1/chat", redirects_to: ["http://127.0.0.1:1/x?token=hunter2zzz"]`, ""},
		{"websocket", `url: "ws://127.0.0.1:1/chat?token=hunter2zzz", greeting: false`, "query"},
		{"websocket", `url: "ws://127.0.0.1:1/chat", greeting: false, proxy: "socks5://hunter2zzz@127.0.0.1:1"`, "proxy_password"},
		{"acme/unknown", `gateway: "https://me:hunter2zzz@ivr.example"`, "api_key"},
	} {
		yaml := "version: 1\nname: s\ntargets:\n  agent: {use: " + test.use + ", with: {" + test.with + "}}\n" +
			"scorers: {s: {use: match/substring, with: {any: [x]}}}\nattacks: [{name: a, target: agent, objective: o, turns: [{user: hi}], scorers: [s]}]\n"
		dir := t.TempDir()
		file := filepath.Join(dir, "c.yaml")
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, command := range []string{"run", "doctor"} {
			p := startProgram(t, dir, command, file)
			if code := p.exit(); code != 2 || strings.Contains(p.output.String(), hidden) || !strings.Contains(p.output.String(), test.hint) {
				t.Errorf("%s with %s: exit code %d:\n%s", command, test.with, code, p.output)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if found, _ := holding(t, dir, hidden); len(found) > 0 {
			t.Errorf("%s: %v", test.with, found)
		}
	}
}
