package clienttest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// ReachesSecureServices checks that a target reaches a service which asks for a client's
// certificate, through a proxy which asks for credentials, and that it is refused without
// either. The server of the protocol answers with what it is told, and requires the key.
func ReachesSecureServices(t *testing.T, open Open, service http.Handler, key string) {
	t.Helper()
	web := httptest.NewUnstartedServer(service)
	web.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is no news
	// With TLS 1.3 a client learns that its certificate is refused after the handshake,
	// where a reset of the connection may come first.
	newest := uint16(tls.VersionTLS12)
	web.TLS = &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: newest, ClientAuth: tls.RequireAnyClientCert}
	web.StartTLS()
	defer web.Close()
	certificate, private := identity(t, web) // any is taken: it is the server's own
	var tunnels atomic.Int32
	proxy := httptest.NewServer(tunnel(&tunnels))
	defer proxy.Close()
	whole := map[string]any{
		"endpoint": web.URL, "model": "practice", "api_key": key, "proxy": proxy.URL, "proxy_user": "tester", "proxy_password": "secret-word", "client_certificate": certificate, "client_key": private,
		"ca_certificates": certificate,
	}
	for name, test := range map[string]struct {
		change map[string]any
		want   core.ErrorKind
	}{
		"with both":               {nil, ""},
		"without a certificate":   {map[string]any{"client_certificate": "", "client_key": ""}, core.ErrorAuth},
		"without the proxy's":     {map[string]any{"proxy_user": "", "proxy_password": ""}, core.ErrorAuth},
		"without the authority's": {map[string]any{"ca_certificates": ""}, core.ErrorConfig},
	} {
		t.Run(name, func(t *testing.T) {
			config := map[string]any{}
			for _, from := range []map[string]any{whole, test.change} {
				for k, v := range from {
					config[k] = v
				}
			}
			before := tunnels.Load()
			r, err := once(t, open, config)
			if core.KindOf(err) != test.want || test.want == "" && r.Message.Text() != All {
				t.Errorf("%q, a %q error %v; want %q", r.Message.Text(), core.KindOf(err), err, test.want)
			}
			if test.want == "" && tunnels.Load() != before+1 {
				t.Errorf("%d tunnels were opened, want 1", tunnels.Load()-before)
			}
		})
	}
}

// once takes one turn.
func once(t *testing.T, open Open, config map[string]any) (core.Reply, error) {
	t.Helper()
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	target, err := open(t.Context(), encoded)
	if err != nil {
		t.Fatal(err)
	}
	c, err := target.StartConversation(t.Context(), core.Start{})
	if err != nil {
		t.Fatal(err)
	}
	return c.Send(t.Context(), Four())
}

// identity returns the certificate of a server and its key, as PEM.
func identity(t *testing.T, web *httptest.Server) (certificate, key string) {
	t.Helper()
	encoded, err := x509.MarshalPKCS8PrivateKey(web.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

// tunnel is a proxy that only opens tunnels, for "tester" with "secret-word", and counts
// them.
func tunnel(opened *atomic.Int32) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("Authorization", r.Header.Get("Proxy-Authorization"))
		user, password, _ := r.BasicAuth()
		if r.Method != http.MethodConnect || user != "tester" || password != "secret-word" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		service, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = service.Close() }()
		opened.Add(1)
		client, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = client.Close() }()
		_, _ = io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n") // only now does the client say more
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			pass(service, client)
		}()
		pass(client, service)
		<-ended
	})
}

// pass passes on what comes, and its end: a close would take back what was not read yet.
func pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
