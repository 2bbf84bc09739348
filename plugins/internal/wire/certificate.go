package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"
)

// ServerName is the name in both sides' certificates: go-plugin expects it.
const ServerName = "localhost"

// certificateLife is the validity of a certificate: longer than any run, and than
// the difference between two clocks.
const certificateLife = 365 * 24 * time.Hour

// NewCertificate creates a key, and the self-signed certificate with which one side
// of a connection authenticates itself. It is not marked as a certificate authority:
// rustls refuses one as a client certificate. It is trusted because it is in the
// other side's list itself.
func NewCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a key for the connection: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: ServerName, Organization: []string{"orchestrator"}},
		DNSNames:              []string{ServerName},
		NotBefore:             now.Add(-certificateLife),
		NotAfter:              now.Add(certificateLife),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("making a certificate for the connection: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
