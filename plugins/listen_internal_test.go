package plugins

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// listening is a server that serves until the test ends, and the fields of its
// handshake.
func listening(t *testing.T, clientCert string) []string {
	t.Helper()
	dir, err := os.MkdirTemp("", "") //nolint:usetesting // t.TempDir's name is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	info := Info{Name: "acme", Version: "0.1.0"}
	offer, err := newOffer(info, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := listen(info, newInstances(offer), dir, clientCert, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.serve() }()
	line := s.handshake()
	t.Cleanup(func() {
		s.grpc.Stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.listener.Addr().String()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	fields := strings.Split(strings.TrimSuffix(line, "\n"), "|")
	if len(fields) != 6 || fields[0] != "1" || fields[1] != "1" || fields[2] != "unix" || !strings.HasPrefix(fields[3], dir+"/") || fields[4] != "grpc" || !strings.HasSuffix(line, "\n") {
		t.Fatalf("the handshake is %q", line)
	}
	return fields
}

// health asks a server whether it serves.
func health(ctx context.Context, socket string, creds credentials.TransportCredentials) error {
	conn, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	return err
}

func TestAPluginServesOnlyTheHostThatStartedIt(t *testing.T) {
	host, err := wire.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := wire.NewCertificate()
	if err != nil {
		t.Fatal(err)
	}
	fields := listening(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: host.Certificate[0]})))
	der, err := base64.RawStdEncoding.DecodeString(fields[5])
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	plugin := x509.NewCertPool()
	plugin.AddCert(certificate)
	for name, test := range map[string]struct {
		certificates []tls.Certificate
		fine         bool
	}{
		"the host":                      {[]tls.Certificate{host}, true},
		"another certificate":           {[]tls.Certificate{stranger}, false},
		"TLS without a certificate":     {nil, false},
		"the host's with another's key": {[]tls.Certificate{{Certificate: host.Certificate, PrivateKey: stranger.PrivateKey}}, false},
	} {
		creds := credentials.NewTLS(&tls.Config{Certificates: test.certificates, RootCAs: plugin, ServerName: wire.ServerName, MinVersion: tls.VersionTLS12})
		if err := health(t.Context(), fields[3], creds); (err == nil) != test.fine {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := health(t.Context(), fields[3], insecure.NewCredentials()); err == nil {
		t.Error("a client without TLS is served")
	}
}

func TestAPluginInADebuggerServesWithoutTLS(t *testing.T) {
	fields := listening(t, "")
	if err := health(t.Context(), fields[3], insecure.NewCredentials()); err != nil || fields[5] != "" {
		t.Errorf("%v; the certificate is %q", err, fields[5])
	}
}

func TestACertificateThatIsNoneIsAnError(t *testing.T) {
	if _, err := (&server{}).authenticate("certificate"); core.KindOf(err) != core.ErrorProtocol {
		t.Errorf("%v", err)
	}
}

// failing fails together with the last that it has.
type failing struct{}

func (failing) Read(b []byte) (int, error) { return copy(b, "said"), io.ErrUnexpectedEOF }

func TestWhatAComponentPrintsIsReadToItsEnd(t *testing.T) {
	read := make([]byte, 8)
	if n, err := (endless{failing{}}).Read(read); n != 4 || err != nil || string(read[:n]) != "said" {
		t.Errorf("%q, %v", read[:n], err)
	}
}
