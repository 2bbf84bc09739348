package access

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// tls returns which certificates are trusted, and which one is shown.
func (c Config) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CACertificates != "" {
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool() // a system without certificate authorities
		}
		if !pool.AppendCertsFromPEM([]byte(c.CACertificates)) {
			return nil, wrong("ca_certificates", "no PEM certificate was found").
				WithHint("give the contents of the file, as in ${file:ca.pem}")
		}
		config.RootCAs = pool
	}
	if c.ClientCertificate == "" && c.ClientKey == "" {
		return config, nil
	}
	shown, err := c.clientCertificate()
	if err != nil {
		return nil, err
	}
	config.Certificates = []tls.Certificate{shown}
	return config, nil
}

// clientCertificate returns the certificate that is shown, with its key.
func (c Config) clientCertificate() (tls.Certificate, error) {
	var none tls.Certificate
	if problems := c.checkClientCertificate(); len(problems) > 0 {
		return none, problems[0]
	}
	certificate, key := []byte(c.ClientCertificate), []byte(c.ClientKey.Reveal())
	first := blockOf(certificate, func(b *pem.Block) bool { return b.Type == "CERTIFICATE" })
	if first == nil {
		return none, wrong("client_certificate", "no PEM certificate was found").
			WithHint("give the contents of the file, as in ${file:client.pem}")
	}
	if _, err := x509.ParseCertificate(first.Bytes); err != nil {
		return none, wrong("client_certificate", "the certificate cannot be read: %w", err)
	}
	private := blockOf(key, func(b *pem.Block) bool { return strings.HasSuffix(b.Type, "PRIVATE KEY") })
	switch {
	case private == nil:
		return none, wrong("client_key", "no PEM private key was found").
			WithHint("give the contents of the file, as in ${file:client-key.pem}")
	case private.Type == "ENCRYPTED PRIVATE KEY" || private.Headers["DEK-Info"] != "":
		return none, wrong("client_key", "the private key is encrypted with a passphrase").
			WithHint("decrypt it, as with openssl pkey -in client-key.pem -out decrypted.pem, and refer to that file")
	}
	pair, err := tls.X509KeyPair(certificate, pem.EncodeToMemory(private))
	if err != nil {
		return none, core.Errorf(core.ErrorConfig, "not the key of client_certificate: %w", err).At("client_key")
	}
	return pair, nil
}

// blockOf returns the first block of a PEM file that fits; nil if there is none.
func blockOf(data []byte, fits func(*pem.Block) bool) *pem.Block {
	for {
		block, rest := pem.Decode(data)
		if block == nil || fits(block) {
			return block
		}
		data = rest
	}
}
