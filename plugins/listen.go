package plugins

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// server is a plugin's services and go-plugin's own behind a socket. It takes the
// place of goplugin.Serve, which does the same and can serve by net/rpc, too. That
// looks for methods by reflection, and a program that contains it keeps every
// exported method of every type that it uses: a third of all the code where there
// is a provider's SDK, in memory as well as on disk.
type server struct {
	listener net.Listener
	grpc     *grpc.Server
	// certificate is the server's, in DER. It is nil without TLS.
	certificate []byte
}

// listen begins to serve on a new socket in a folder; "" is the folder for temporary
// files. clientCert is the only certificate that clients may have, in PEM; "" allows
// any client, without TLS. What can be read from stdout and stderr is sent to the
// client.
func listen(info Info, instances *instances, folder, clientCert string, stdout, stderr io.Reader) (*server, error) {
	s := &server{}
	config, err := s.authenticate(clientCert)
	if err != nil {
		return nil, err
	}
	services := &goplugin.GRPCServer{
		Plugins: goplugin.PluginSet{wire.PluginSet: &servedSet{instances: instances}},
		Server: func(options []grpc.ServerOption) *grpc.Server {
			s.grpc = newGRPCServer(info, options)
			return s.grpc
		},
		TLS:    config,
		DoneCh: make(chan struct{}),
		Stdout: endless{stdout},
		Stderr: endless{stderr},
	}
	if err := services.Init(); err != nil {
		return nil, fmt.Errorf("registering the services: %w", err)
	}
	if folder == "" {
		folder = os.TempDir()
	}
	// The name is short: the path of a socket may have at most 104 bytes.
	socket := filepath.Join(folder, "plugin"+rand.Text()[:10])
	if s.listener, err = new(net.ListenConfig).Listen(context.Background(), "unix", socket); err != nil {
		return nil, fmt.Errorf("listening for the orchestrator: %w", err)
	}
	return s, nil
}

// authenticate makes the server's certificate and returns the TLS configuration. It
// is nil if there is no client certificate.
func (s *server) authenticate(clientCert string) (*tls.Config, error) {
	if clientCert == "" {
		return nil, nil //nolint:nilnil // nil is gRPC without TLS
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM([]byte(clientCert)) {
		return nil, core.Errorf(core.ErrorProtocol, "%s holds no certificate in PEM", wire.EnvClientCert)
	}
	own, err := wire.NewCertificate()
	if err != nil {
		return nil, err
	}
	s.certificate = own.Certificate[0]
	return &tls.Config{
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		RootCAs:      clients, // the broker connects to the host
		ServerName:   wire.ServerName,
		MinVersion:   tls.VersionTLS12,
	}, nil
}

// handshake is the line by which go-plugin's client finds the server.
func (s *server) handshake() string {
	return fmt.Sprintf("%d|%d|unix|%s|%s|%s\n", goplugin.CoreProtocolVersion, wire.Handshake().ProtocolVersion,
		s.listener.Addr(), goplugin.ProtocolGRPC, base64.RawStdEncoding.EncodeToString(s.certificate))
}

// serve serves until the server is stopped, and removes the socket.
func (s *server) serve() error {
	if err := s.grpc.Serve(s.listener); err != nil {
		return fmt.Errorf("serving the orchestrator: %w", err)
	}
	return nil
}

// endless is a reader that never ends or fails: go-plugin would write to a log that
// it does not have.
type endless struct{ io.Reader }

// Read implements [io.Reader]. A nil reader has nothing to read.
func (e endless) Read(b []byte) (int, error) {
	if e.Reader != nil {
		if n, err := e.Reader.Read(b); n > 0 || err == nil {
			return n, nil
		}
	}
	select {}
}
