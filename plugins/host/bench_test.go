package host_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// BenchmarkStart measures from nothing to the first answer of a plugin, and its
// end: with go-plugin alone, plain and with AutoMTLS, and with the host, without
// a sandbox and in one. There the program is run twice: the first time so that it
// says what it wants to be allowed.
func BenchmarkStart(b *testing.B) {
	dir := buildPlugin(b, "echo", "echo", "bare")
	for _, mtls := range []bool{false, true} {
		b.Run(map[bool]string{false: "bare", true: "bare with AutoMTLS"}[mtls], func(b *testing.B) {
			for b.Loop() {
				client, call := startBare(b, dir, mtls)
				answer(b, call, []byte("hello"))
				client.Kill()
			}
		})
	}
	way := egress.New(egress.Options{})
	defer func() { _ = way.Close() }()
	for name, confinement := range map[string]host.Confinement{
		"host":                {},
		"host with a sandbox": {Launcher: []string{buildLauncher(b), "plugin-launch"}, Egress: way},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				h := host.New(host.Options{Programs: host.Discover([]string{dir}, hclog.NewNullLogger()), Confinement: confinement})
				answer(b, openEcho(b, h), []byte("hello"))
				if err := h.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// buildLauncher builds the program that starts plugins in the sandbox.
func buildLauncher(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "orchestrator")
	if output, err := exec.Command("go", "build", "-o", path, "../../cmd/orchestrator").CombinedOutput(); err != nil {
		b.Fatalf("building the launcher: %v\n%s", err, output)
	}
	return path
}

// BenchmarkRoundTrip measures one call of a running plugin.
func BenchmarkRoundTrip(b *testing.B) {
	dir := buildPlugin(b, "echo", "echo", "bare")
	for name, size := range map[string]int{"200 B": 200, "1 MiB": 1 << 20} {
		data := make([]byte, size)
		b.Run(name+"/bare", func(b *testing.B) {
			client, call := startBare(b, dir, true)
			defer client.Kill()
			b.SetBytes(int64(size))
			for b.Loop() {
				answer(b, call, data)
			}
		})
		b.Run(name+"/host", func(b *testing.B) {
			h := host.New(host.Options{Programs: host.Discover([]string{dir}, hclog.NewNullLogger())})
			defer func() { _ = h.Close() }()
			call := openEcho(b, h)
			b.SetBytes(int64(size))
			for b.Loop() {
				answer(b, call, data)
			}
		})
		b.Run(name+"/host, traced", func(b *testing.B) {
			h := host.New(host.Options{Programs: host.Discover([]string{dir}, hclog.NewNullLogger()), Spans: func(string, []byte) {}})
			defer func() { _ = h.Close() }()
			call := openEcho(b, h)
			provider := sdktrace.NewTracerProvider()
			ctx, span := provider.Tracer("bench").Start(b.Context(), "run")
			defer span.End()
			b.SetBytes(int64(size))
			for b.Loop() {
				if err := call(ctx, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// buildPlugin builds a program below testdata into a plugin folder, under each
// of the names.
func buildPlugin(tb testing.TB, program string, names ...string) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := buildInto(dir, program, names...); err != nil {
		tb.Fatal(err)
	}
	return dir
}

// buildInto builds a program below testdata once, under each of the names.
func buildInto(dir, program string, names ...string) error {
	path := func(name string) string { return filepath.Join(dir, "orchestrator-plugin-"+name) }
	if output, err := exec.Command("go", "build", "-o", path(names[0]), "./testdata/"+program).CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", program, err, output)
	}
	for _, name := range names[1:] {
		if err := os.Link(path(names[0]), path(name)); err != nil {
			return err
		}
	}
	return nil
}

// calling calls a plugin with some bytes.
type calling func(ctx context.Context, data []byte) error

func answer(b *testing.B, call calling, data []byte) {
	b.Helper()
	if err := call(b.Context(), data); err != nil {
		b.Fatal(err)
	}
}

func openEcho(b *testing.B, h *host.Host) calling {
	b.Helper()
	c, err := core.OpenAs[core.Converter](b.Context(), h.Using(nil), "echo/same", nil)
	if err != nil {
		b.Fatal(err)
	}
	return func(ctx context.Context, data []byte) error {
		_, err := c.Convert(ctx, core.Value{Modality: core.Text, MediaType: core.MediaText, Data: data})
		return err
	}
}

// startBare starts the bare plugin with go-plugin's own client.
func startBare(b *testing.B, dir string, mtls bool) (*goplugin.Client, calling) {
	b.Helper()
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  wire.Handshake(),
		Plugins:          goplugin.PluginSet{wire.PluginSet: bareSet{}},
		Cmd:              exec.Command(filepath.Join(dir, "orchestrator-plugin-bare")),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		AutoMTLS:         mtls,
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err != nil {
		b.Fatal(err)
	}
	dispensed, err := protocol.Dispense(wire.PluginSet)
	if err != nil {
		b.Fatal(err)
	}
	converter := pb.NewConverterServiceClient(dispensed.(*grpc.ClientConn))
	return client, func(ctx context.Context, data []byte) error {
		_, err := converter.Convert(ctx, &pb.ConvertRequest{Value: &pb.Value{Modality: pb.Modality_MODALITY_TEXT, MediaType: core.MediaText, Data: data}})
		return err
	}
}

// bareSet is the client's half of the bare plugin.
type bareSet struct {
	goplugin.NetRPCUnsupportedPlugin
	goplugin.GRPCPlugin
}

func (bareSet) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
