package access

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Unreachable explains why a connection could not be opened, or ended before an
// answer. doing is what was being done, such as "connecting". A context that
// ended is the reason of what fails afterwards.
func (a *Access) Unreachable(ctx context.Context, doing string, err error) error {
	if deadline, ok := ctx.Deadline(); ok {
		passed := errors.Is(err, context.DeadlineExceeded) && !time.Now().Before(deadline) // a dialer may have a limit of its own
		if passed || errors.Is(err, os.ErrDeadlineExceeded) {
			<-ctx.Done() // the dialer, or the connection, noticed the context's deadline first
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	err = withoutQuery(err)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return core.Errorf(core.ErrorConfig, "%s: %w", doing, err).
			WithHint("for a certificate authority of your own, set ca_certificates")
	}
	if refusedCertificate(err, a.asked.Load()) {
		return core.Errorf(core.ErrorAuth, "%s: %w", doing, err).WithHint("%s", a.certificateHint())
	}
	if _, ok := errors.AsType[*core.Error](err); ok {
		return fmt.Errorf("%s: %w", doing, err) // the network's error names the reason
	}
	result := core.Errorf(core.ErrorUnavailable, "%s: %w", doing, err)
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok || strings.Contains(err.Error(), "HTTP response to HTTPS client") {
		return result.WithHint("the service does not answer with TLS at that address")
	}
	if a.asked.Load() { // with TLS 1.3, its alert may be lost in the end of the connection
		return result.WithHint("%s", a.certificateHint())
	}
	return result
}

// certificateHint says what to do where the service wants another client
// certificate.
func (a *Access) certificateHint() string {
	if len(a.trust.Certificates) > 0 {
		return "the service refused the certificate of client_certificate"
	}
	return "the service asks for a client certificate: set client_certificate and client_key"
}

// withoutQuery removes the query, which may hold secrets, from the URL in an error
// of an HTTP client. The cause keeps its place in the chain.
func withoutQuery(err error) error {
	e, ok := err.(*url.Error) //nolint:errorlint // a client returns it unwrapped
	if !ok {
		return err
	}
	before, _, _ := strings.Cut(e.URL, "?")
	return &url.Error{Op: e.Op, URL: before, Err: e.Err}
}

// refusedCertificate reports whether the other side ended a TLS connection because
// of our certificate. asked says that it asked for one, and got none: with TLS 1.2
// it may then say "handshake failure". crypto/tls has no type for the alerts that
// it receives.
func refusedCertificate(err error, asked bool) bool {
	e, ok := errors.AsType[*net.OpError](err)
	if !ok || e.Op != "remote error" || e.Err == nil {
		return false
	}
	alert := e.Err.Error()
	return asked && alert == "tls: handshake failure" || slices.Contains([]string{
		"tls: bad certificate", "tls: unsupported certificate", "tls: revoked certificate", "tls: expired certificate",
		"tls: unknown certificate", "tls: unknown certificate authority", "tls: certificate required", "tls: access denied",
	}, alert)
}
