package host

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"
)

// gRPC in Python is built on BoringSSL, which refuses the curve P-521.
func TestTheHostsCertificateIsOneThatBoringSSLTakes(t *testing.T) {
	t.Parallel()
	self, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	given, ok := strings.CutPrefix(self.env(), "PLUGIN_CLIENT_CERT=")
	block, rest := pem.Decode([]byte(given))
	if !ok || block == nil || len(rest) > 0 {
		t.Fatalf("the plugin gets %q, want one certificate", self.env())
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve.Params().Name != "P-256" {
		t.Errorf("its key is a %T, want one on P-256", certificate.PublicKey)
	}
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		if _, err := certificate.Verify(x509.VerifyOptions{DNSName: "localhost", Roots: pool, KeyUsages: []x509.ExtKeyUsage{usage}}); err != nil {
			t.Errorf("usage %v: %v", usage, err)
		}
	}
}

func TestEveryProcessGetsAKeyOfItsOwn(t *testing.T) {
	t.Parallel()
	one, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := newIdentity()
	if err != nil {
		t.Fatal(err)
	}
	if one.env() == other.env() {
		t.Error("two processes get the same certificate")
	}
}
