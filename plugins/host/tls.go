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

// envClientCert is the variable in which go-plugin's AutoMTLS passes the host's
// certificate to the plugin.
const envClientCert = "PLUGIN_CLIENT_CERT"

// identityLife is the validity of a certificate: longer than any run, and than
// the difference between two clocks.
const identityLife = 365 * 24 * time.Hour

// identity is the certificate with which the host authenticates itself to one
// process of a plugin. It replaces go-plugin's AutoMTLS, which uses a key on
// the curve P-521: BoringSSL, and with it gRPC in Python, C++, Ruby and PHP,
// does not support that curve. Otherwise it is as AutoMTLS: the plugin takes
// the certificate from the environment and trusts no other; go-plugin's client
// takes the plugin's from the handshake line, trusts no other, and uses this
// configuration for the connections of its broker, too.
type identity struct {
	config *tls.Config
	// certificate is in PEM.
	certificate []byte
}

// newIdentity creates a key for one process.
func newIdentity() (identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return identity{}, fmt.Errorf("making a key for the connection: %w", err)
	}
	const name = "localhost" // the name that go-plugin's SDKs expect
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: name, Organization: []string{"orchestrator"}},
		DNSNames:     []string{name},
		NotBefore:    now.Add(-identityLife),
		NotAfter:     now.Add(identityLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		// Not a certificate authority: rustls refuses one as a client
		// certificate. It is trusted because it is in the list itself.
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

// env is the variable with the certificate that the plugin has to trust.
func (i identity) env() string { return envClientCert + "=" + string(i.certificate) }
