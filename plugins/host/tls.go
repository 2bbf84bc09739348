package host

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

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
	certificate, err := wire.NewCertificate()
	if err != nil {
		return identity{}, err
	}
	return identity{
		config: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			// No certificate is trusted until the handshake line names one.
			RootCAs:    x509.NewCertPool(),
			ClientCAs:  x509.NewCertPool(),
			ClientAuth: tls.RequireAndVerifyClientCert,
			ServerName: wire.ServerName,
			MinVersion: tls.VersionTLS12,
		},
		certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]}),
	}, nil
}

// env is the variable with the certificate that the plugin has to trust.
func (i identity) env() string { return wire.EnvClientCert + "=" + string(i.certificate) }
