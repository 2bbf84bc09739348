package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"
)

// envClientCert is the variable in which go-plugin's AutoMTLS hands the host's
// certificate to the plugin.
const envClientCert = "PLUGIN_CLIENT_CERT"

// identityLife is how long a certificate holds: longer than any run, and longer
// than two clocks can disagree.
const identityLife = 365 * 24 * time.Hour

// identity is how the host proves to one process of a plugin that it has
// started it. It stands for go-plugin's AutoMTLS, which does the same with a
// key on the curve P-521: BoringSSL, and with it gRPC in Python, C++, Ruby and
// PHP, refuses that curve. The rest is AutoMTLS: the plugin takes the
// certificate from the environment and trusts no other; go-plugin's client
// takes the plugin's from the handshake line, trusts no other, and uses this
// configuration for the connections of its broker, too.
type identity struct {
	config *tls.Config
	// certificate is in PEM.
	certificate []byte
}

// newIdentity makes a key that is used for one process.
func newIdentity() (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("making a key for the connection: %w", err)
	}
	const name = "localhost" // the one that go-plugin's SDKs ask for
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"orchestrator"}},
		DNSNames:     []string{name},
		NotBefore:    now.Add(-identityLife),
		NotAfter:     now.Add(identityLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		// No authority: rustls takes none for a client. It is trusted because it
		// is in the list itself.
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return identity{}, fmt.Errorf("making a certificate for the connection: %w", err)
	}
	return identity{
		config: &tls.Config{
			Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			// No certificate is trusted until the handshake line names one.
			RootCAs:    x509.NewCertPool(),
			ClientCAs:  x509.NewCertPool(),
			ClientAuth: tls.RequireAndVerifyClientCert,
			ServerName: name,
			MinVersion: tls.VersionTLS12,
		},
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}, nil
}

// env is what tells the plugin whom to trust.
func (i identity) env() string { return envClientCert + "=" + string(i.certificate) }
