package access_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// authority issues certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test CA"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{certificate, key}
}

// issue returns a client's certificate and its key, as PEM.
func (a authority) issue(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "tester"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &private.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", encoded)
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// serveTLS starts a server that greets a client by the name in its certificate,
// and returns its URL and the authority to trust. Clients need a certificate that
// clients has issued, unless that is nil. version is the newest that it speaks.
func serveTLS(t *testing.T, clients *authority, version uint16) (url, ca string) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = io.WriteString(w, "hello "+name)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	// With TLS 1.3 a client learns that its certificate is refused after the
	// handshake, where a reset of the connection may come first.
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: version}
	if clients != nil {
		pool := x509.NewCertPool()
		pool.AddCert(clients.certificate)
		server.TLS.ClientAuth, server.TLS.ClientCAs = tls.RequireAndVerifyClientCert, pool
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, pemOf("CERTIFICATE", server.Certificate().Raw)
}

// get sends a request as a target does.
func get(t *testing.T, a *access.Access, url string) (string, error) {
	t.Helper()
	transport := a.Transport()
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := access.Client(transport).Do(request)
	if err != nil {
		return "", a.Unreachable(t.Context(), "asking", err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return "", a.Unreachable(t.Context(), "asking", err)
	}
	return string(body), nil
}

func open(t *testing.T, c access.Config) *access.Access {
	t.Helper()
	a, err := c.Open()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAServiceThatAsksForACertificateGetsIt(t *testing.T) {
	clients := newAuthority(t)
	certificate, key := clients.issue(t)
	for name, version := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.3": tls.VersionTLS13} {
		url, ca := serveTLS(t, &clients, version)
		got, err := get(t, open(t, access.Config{CACertificates: ca, ClientCertificate: certificate, ClientKey: core.Secret(key)}), url)
		if err != nil || got != "hello tester" {
			t.Errorf("%s: answered with %q, %v", name, got, err)
		}
		_, err = get(t, open(t, access.Config{CACertificates: ca}), url)
		if err == nil || !strings.Contains(core.HintOf(err), "set client_certificate and client_key") {
			t.Errorf("%s: without a certificate: %v, hint %q", name, err, core.HintOf(err))
		}
	}
}

func TestACertificateAndItsKeyMayShareAFile(t *testing.T) {
	clients := newAuthority(t)
	certificate, key := clients.issue(t)
	url, ca := serveTLS(t, &clients, tls.VersionTLS13)
	both := key + "a comment\n" + certificate
	if got, err := get(t, open(t, access.Config{CACertificates: ca, ClientCertificate: both, ClientKey: core.Secret(both)}), url); err != nil {
		t.Errorf("answered with %q, %v", got, err)
	}
}

func TestAConnectionThatTLSRefusesSaysWhatToConfigure(t *testing.T) {
	clients := newAuthority(t)
	asking, ca := serveTLS(t, &clients, tls.VersionTLS12)
	free, _ := serveTLS(t, nil, tls.VersionTLS13)
	strange, strangeKey := newAuthority(t).issue(t)
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	for name, test := range map[string]struct {
		config access.Config
		url    string
		kind   core.ErrorKind
		hint   string
	}{
		"no certificate":             {access.Config{CACertificates: ca}, asking, core.ErrorAuth, "set client_certificate and client_key"},
		"another authority's":        {access.Config{CACertificates: ca, ClientCertificate: strange, ClientKey: core.Secret(strangeKey)}, asking, core.ErrorAuth, "refused the certificate of client_certificate"},
		"a server nobody vouches":    {access.Config{}, free, core.ErrorConfig, "set ca_certificates"},
		"a server without TLS":       {access.Config{}, strings.Replace(plain.URL, "http", "https", 1), core.ErrorUnavailable, "does not answer with TLS"},
		"a server that is not there": {access.Config{}, "http://127.0.0.1:1", core.ErrorUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := get(t, open(t, test.config), test.url)
			if core.KindOf(err) != test.kind || !strings.Contains(core.HintOf(err), test.hint) || !strings.HasPrefix(err.Error(), "asking: ") {
				t.Errorf("a %q error, hint %q: %v", core.KindOf(err), core.HintOf(err), err)
			}
		})
	}
}

func TestCertificatesAndKeysThatAreNoneAreToldAtTheirKey(t *testing.T) {
	certificate, key := newAuthority(t).issue(t)
	_, otherKey := newAuthority(t).issue(t)
	block, _ := pem.Decode([]byte(certificate))
	for name, test := range map[string]struct {
		config    access.Config
		key, says string
	}{
		"no authority":          {access.Config{CACertificates: "trust me"}, "ca_certificates", "no PEM certificate"},
		"no certificate":        {access.Config{ClientCertificate: "trust me", ClientKey: core.Secret(key)}, "client_certificate", "no PEM certificate"},
		"a key instead of it":   {access.Config{ClientCertificate: key, ClientKey: core.Secret(key)}, "client_certificate", "no PEM certificate"},
		"a broken one":          {access.Config{ClientCertificate: pemOf("CERTIFICATE", block.Bytes[:20]), ClientKey: core.Secret(key)}, "client_certificate", "cannot be read"},
		"no key":                {access.Config{ClientCertificate: certificate, ClientKey: "hunter2"}, "client_key", "no PEM private key"},
		"a certificate instead": {access.Config{ClientCertificate: certificate, ClientKey: core.Secret(certificate)}, "client_key", "no PEM private key"},
		"another's key":         {access.Config{ClientCertificate: certificate, ClientKey: core.Secret(otherKey)}, "client_key", "not the key of client_certificate"},
		"a broken key":          {access.Config{ClientCertificate: certificate, ClientKey: core.Secret(pemOf("PRIVATE KEY", []byte("hunter2")))}, "client_key", "not the key of client_certificate"},
		"an encrypted key":      {access.Config{ClientCertificate: certificate, ClientKey: core.Secret(pemOf("ENCRYPTED PRIVATE KEY", []byte("x")))}, "client_key", "passphrase"},
		"an old encrypted key": {
			access.Config{ClientCertificate: certificate, ClientKey: core.Secret(pem.EncodeToMemory(&pem.Block{
				Type: "EC PRIVATE KEY", Headers: map[string]string{"Proc-Type": "4,ENCRYPTED", "DEK-Info": "AES-256-CBC,00"}, Bytes: []byte("x"),
			}))}, "client_key", "passphrase",
		},
		"a certificate alone":  {access.Config{ClientCertificate: certificate}, "client_key", "without its private key"},
		"a key alone":          {access.Config{ClientKey: core.Secret(key)}, "client_certificate", "without its certificate"},
		"a key of two lines":   {access.Config{APIKey: "hunter2\n"}, "api_key", "several lines"},
		"a token of two lines": {access.Config{AccessToken: "hunter2\r\nX: y"}, "access_token", "several lines"},
		"a header of two":      {access.Config{Headers: map[string]core.Secret{"X-Team": "a\nb"}}, "headers.X-Team", "several lines"},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := test.config.Open()
			if err == nil {
				t.Fatalf("opened %v", a)
			}
			e, _ := errors.AsType[*core.Error](err)
			if e == nil || e.Kind != core.ErrorConfig || e.Field != test.key || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want a config error of %s that says %q", err, test.key, test.says)
			}
		})
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	var elsewhere bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	first := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer first.Close()
	if _, err := get(t, open(t, access.Config{APIKey: "key"}), first.URL); err != nil || elsewhere {
		t.Errorf("%v, followed: %v", err, elsewhere)
	}
}

// The process's way is what the orchestrator replaces where it watches a plugin's
// connections.
func TestEverythingGoesTheProcesssWay(t *testing.T) {
	way := http.DefaultTransport.(*http.Transport)
	usual := way.DialContext
	defer func() { way.DialContext = usual }()
	var dialled string
	way.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		dialled = address
		return nil, core.Errorf(core.ErrorConfig, "not this way").WithHint("another")
	}
	for name, test := range map[string]struct {
		config access.Config
		want   string
	}{
		"the service":   {access.Config{}, "127.0.0.1:7"},
		"a proxy":       {access.Config{Proxy: "http://proxy.example:3128", ProxyUser: "u", ProxyPassword: "hunter2"}, "proxy.example:3128"},
		"a SOCKS proxy": {access.Config{Proxy: "socks5://proxy.example:1080"}, "proxy.example:1080"},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, test.config)
			_, err := get(t, a, "http://127.0.0.1:7/v1?token=hunter2")
			if core.KindOf(err) != core.ErrorConfig || core.HintOf(err) != "another" || dialled != test.want {
				t.Errorf("dialled %q; a %q error, hint %q: %v", dialled, core.KindOf(err), core.HintOf(err), err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes the query: %v", err)
			}
			if a.Hide("hunter2") == "hunter2" && name == "a proxy" {
				t.Error("the proxy's password is not redacted")
			}
			if _, err := a.Dial(t.Context(), "tcp", "x.example:1"); core.HintOf(err) != "another" || dialled != "x.example:1" {
				t.Errorf("dialled %q: %v", dialled, err)
			}
		})
	}
}

// late is a context whose deadline has passed, and which has not noticed yet.
type late struct{ context.Context }

func (late) Deadline() (time.Time, bool) { return time.Now(), true }

func TestADeadlineIsTheReasonOfWhatFailsAfterIt(t *testing.T) {
	why := errors.New("took too long")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	a := open(t, access.Config{})
	soon, done := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer done()
	early := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded} // by a connection that was told the deadline
	if err := a.Unreachable(soon, "asking", early); !errors.Is(err, context.DeadlineExceeded) || core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("before the context noticed: a %q error: %v", core.KindOf(err), err)
	}
	dialled := &net.OpError{Op: "dial", Err: context.DeadlineExceeded} // "i/o timeout", which is one
	later, done := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer done()
	if err := a.Unreachable(late{later}, "connecting", dialled); !errors.Is(err, context.DeadlineExceeded) || core.KindOf(err) != core.ErrorTimeout {
		t.Errorf("a dialer that noticed it first: a %q error: %v", core.KindOf(err), err)
	}
	far, done := context.WithTimeout(t.Context(), time.Hour)
	defer done()
	if err := a.Unreachable(far, "connecting", dialled); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("a dialer with a limit of its own: a %q error: %v", core.KindOf(err), err)
	}
	if err := a.Unreachable(ctx, "asking", errors.New("broken pipe")); !errors.Is(err, why) || !strings.HasPrefix(err.Error(), "asking: ") {
		t.Errorf("got %v", err)
	}
}

func TestAProxyThatOpensNoConnectionSaysWhatToDo(t *testing.T) {
	for status, want := range map[int]struct {
		kind core.ErrorKind
		hint string
	}{
		http.StatusProxyAuthRequired: {core.ErrorAuth, "credentials as proxy_user"}, http.StatusForbidden: {core.ErrorConfig, "check proxy and endpoint"},
		http.StatusBadGateway: {core.ErrorUnavailable, ""}, http.StatusFound: {core.ErrorUnavailable, ""},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		_, err := get(t, open(t, access.Config{Proxy: proxy.URL}), "https://service.example/")
		if core.KindOf(err) != want.kind || !strings.Contains(core.HintOf(err), want.hint) || (core.HintOf(err) == "") != (want.hint == "") {
			t.Errorf("%d: a %q error, %v (%s)", status, core.KindOf(err), err, core.HintOf(err))
		}
		proxy.Close()
	}
}

func TestAProxyGetsItsCredentialsAndErrorsDoNot(t *testing.T) {
	got := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got <- r.Header.Get("Proxy-Authorization")
		w.WriteHeader(http.StatusNoContent)
	}))
	defer proxy.Close()
	a := open(t, access.Config{Proxy: proxy.URL, ProxyUser: "tester", ProxyPassword: "hunter2/@"})
	if _, err := get(t, a, "http://service.example/"); err != nil {
		t.Fatal(err)
	}
	const basic = "dGVzdGVyOmh1bnRlcjIvQA==" // tester:hunter2/@
	if header := <-got; header != "Basic "+basic {
		t.Errorf("the proxy got %q", header)
	}
	for _, form := range []string{"hunter2/@", "hunter2%2F%40", basic} {
		if hidden := a.Hide("x " + form + " y"); strings.Contains(hidden, form) {
			t.Errorf("%q is not hidden", form)
		}
	}
}
