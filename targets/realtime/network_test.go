package realtime_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func TestACertificateAuthorityOfOnesOwnIsTrusted(t *testing.T) {
	server := realtimetest.NewServer(remembers(), realtimetest.Options{APIKey: testKey})
	web := httptest.NewTLSServer(server)
	defer web.Close()
	defer func() { _ = server.Close() }()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	for name, ephemeral := range map[string]bool{"websocket": false, "and for short-lived keys": true} {
		t.Run(name, func(t *testing.T) {
			target := openTarget(t, settings{
				"endpoint": web.URL, "model": "m", "api_key": testKey, "ca_certificates": string(authority), "ephemeral_key": ephemeral,
			})
			if got := send(t, begin(t, target, core.Start{}), core.UserText("one")).Message.Text(); got != "one" {
				t.Errorf("answered with %q", got)
			}
		})
	}
}

func TestCertificatesThatAreNoneAreAConfigError(t *testing.T) {
	_, err := core.Open[core.Target](t.Context(), realtime.Component(), []byte(`{"endpoint":"ws://127.0.0.1:1","model":"m","ca_certificates":"trust me"}`))
	if core.KindOf(err) != core.ErrorConfig || !strings.HasPrefix(err.Error(), "ca_certificates: ") {
		t.Errorf("got %v", err)
	}
}

// clientCertificate returns a certificate that vouches for itself, and its key, as
// PEM.
func clientCertificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func TestAServiceThatAsksForAClientCertificateGetsIt(t *testing.T) {
	certificate, key := clientCertificate(t)
	server := realtimetest.NewServer(remembers(), realtimetest.Options{APIKey: testKey})
	web := httptest.NewUnstartedServer(server)
	web.Config.ErrorLog = log.New(io.Discard, "", 0)
	web.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool()}
	web.TLS.ClientCAs.AppendCertsFromPEM(certificate)
	web.StartTLS()
	defer web.Close()
	defer func() { _ = server.Close() }()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	for name, ephemeral := range map[string]bool{"websocket": false, "and for short-lived keys": true} {
		t.Run(name, func(t *testing.T) {
			with := settings{
				"endpoint": web.URL, "model": "m", "api_key": testKey, "ca_certificates": string(authority), "ephemeral_key": ephemeral,
				"client_certificate": string(certificate), "client_key": string(key),
			}
			if got := send(t, begin(t, openTarget(t, with), core.Start{}), core.UserText("one")).Message.Text(); got != "one" {
				t.Errorf("answered with %q", got)
			}
			delete(with, "client_certificate")
			delete(with, "client_key")
			_, err := openTarget(t, with).StartConversation(t.Context(), core.Start{})
			if !strings.Contains(core.HintOf(err), "set client_certificate and client_key") {
				t.Errorf("without a certificate: %v, hint %q", err, core.HintOf(err))
			}
		})
	}
}

// The host does not exist: the process's way leads to the server.
func TestAServiceOnAnotherMachineIsSpokenToInTheClearWithLeaveOnly(t *testing.T) {
	server := serve(t, remembers())
	way := http.DefaultTransport.(*http.Transport)
	usual := way.DialContext
	defer func() { way.DialContext = usual }()
	way.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != "agent.example:8000" {
			t.Errorf("dialled %s", address)
		}
		return new(net.Dialer).DialContext(ctx, network, strings.TrimSuffix(strings.TrimPrefix(server.url, "ws://"), "/v1"))
	}
	plain := settings{"endpoint": "http://agent.example:8000/v1", "insecure_plain": true}
	if got := send(t, server.talk(t, plain), core.UserText("one")).Message.Text(); got != "one" {
		t.Errorf("answered with %q", got)
	}
	_, err := core.Open[core.Target](t.Context(), realtime.Component(), []byte(`{"endpoint":"http://agent.example:8000/v1","model":"m"}`))
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), "insecure_plain: true") {
		t.Errorf("without leave: %v, hint %q", err, core.HintOf(err))
	}
}

// tunnel is an HTTP proxy that connects to whatever it is asked for.
func tunnel(t *testing.T) (url string, used *atomic.Int32) {
	t.Helper()
	used = new(atomic.Int32)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			http.Error(w, "only CONNECT", http.StatusMethodNotAllowed)
			return
		}
		far, err := net.Dial("tcp", r.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer func() { _ = far.Close() }()
		near, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = near.Close() }()
		used.Add(1)
		_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
		go func() {
			_, _ = io.Copy(far, near)
			_ = far.Close()
		}()
		_, _ = io.Copy(near, far)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL, used
}

func TestTheServiceIsReachedThroughAProxy(t *testing.T) {
	proxy, used := tunnel(t)
	c := serve(t, remembers()).talk(t, settings{"proxy": proxy})
	if got := send(t, c, core.UserText("one")).Message.Text(); got != "one" || used.Load() != 1 {
		t.Errorf("answered with %q, %d connections through the proxy", got, used.Load())
	}
}

// TestEverythingGoesTheProcesssWayIntoTheNetwork changes the way, as the
// orchestrator does where it watches a plugin's connections.
func TestEverythingGoesTheProcesssWayIntoTheNetwork(t *testing.T) {
	way := http.DefaultTransport.(*http.Transport)
	usual := way.DialContext
	defer func() { way.DialContext = usual }()
	proxy, _ := tunnel(t)
	server := serve(t, remembers())
	for name, test := range map[string]struct {
		with settings
		want string
	}{
		"the service":         {nil, strings.TrimSuffix(server.url, "/v1")},
		"a proxy":             {settings{"proxy": proxy}, proxy},
		"a SOCKS proxy":       {settings{"proxy": strings.Replace(proxy, "http", "socks5", 1)}, proxy},
		"short-lived keys":    {settings{"ephemeral_key": true}, strings.TrimSuffix(server.url, "/v1")},
		"them, and the proxy": {settings{"ephemeral_key": true, "proxy": proxy}, proxy},
	} {
		t.Run(name, func(t *testing.T) {
			var dialled atomic.Value
			way.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
				dialled.Store(address)
				return nil, core.Errorf(core.ErrorConfig, "not this way").WithHint("another")
			}
			_, err := server.target(t, test.with).StartConversation(t.Context(), core.Start{})
			if core.KindOf(err) != core.ErrorConfig || core.HintOf(err) != "another" {
				t.Errorf("a %q error, hint %q: %v", core.KindOf(err), core.HintOf(err), err)
			}
			if address, _ := dialled.Load().(string); !strings.HasSuffix(test.want, "://"+address) {
				t.Errorf("dialled %q, want %s", address, test.want)
			}
		})
	}
}

func TestEachConnectionHasATokenOfItsOwn(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	program := []string{"sh", "-c", `echo x >>"$0"; echo ` + testKey, count}
	server := serve(t, remembers())
	target := server.target(t, settings{"api_key": "", "access_token_command": program})
	for range 2 {
		if got := send(t, begin(t, target, core.Start{}), core.UserText("one")).Message.Text(); got != "one" {
			t.Errorf("answered with %q", got)
		}
	}
	if runs, err := os.ReadFile(count); err != nil || len(runs) != 4 {
		t.Errorf("the program was run %d times, want 2 (%v)", len(runs)/2, err)
	}
}

func TestAProxyThatIsNotThereIsUnavailable(t *testing.T) {
	target := serve(t, remembers()).target(t, settings{"proxy": "http://127.0.0.1:1"})
	if _, err := target.StartConversation(t.Context(), core.Start{}); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("got a %q error: %v", core.KindOf(err), err)
	}
}
