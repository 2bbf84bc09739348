package telemetry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

const (
	// flushTimeout bounds how long the end of a run waits for the collector, and
	// lostTimeout the same where that has failed already.
	flushTimeout = 5 * time.Second
	lostTimeout  = time.Second
	// uploadTimeout bounds one upload with its repetitions.
	uploadTimeout = 30 * time.Second
)

// Options are what traces need from their surroundings.
type Options struct {
	// LookupEnv reads an environment variable.
	LookupEnv func(name string) (string, bool)
	// Version is that of this program.
	Version string
	// Redactor removes secrets from all that is sent. It learns those of the
	// collector's headers.
	Redactor *secret.Redactor
	// Warn is told, once, that the collector does not take what is sent to it.
	Warn func(message string)
}

// Traces sends the trace of one run.
type Traces struct {
	clean    func(string) string
	contents bool
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	upload   *uploader
	plugins  *pluginSpans
	// run is the run's ID, once it has one, and traceID its trace's.
	run     atomic.Pointer[string]
	traceID atomic.Pointer[trace.TraceID]
}

// Start begins to send traces. It returns nil where the environment asks for none,
// and an error of kind config where what that says is wrong. Traces have to be
// closed.
func Start(ctx context.Context, o Options) (*Traces, error) {
	c, err := environment(o.LookupEnv).config()
	if err != nil || c.endpoint == "" {
		return nil, err
	}
	o.Redactor.Add(slices.Collect(maps.Values(c.headers))...)
	client := otlptracehttp.NewClient(
		otlptracehttp.WithEndpointURL(c.endpoint), otlptracehttp.WithHeaders(c.headers),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: uploadTimeout}),
	)
	upload := newUploader(client, c.endpoint, o)
	exporter, err := otlptrace.New(ctx, upload)
	if err != nil {
		return nil, fmt.Errorf("preparing to send traces to %s: %w", c.endpoint, err)
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(time.Second)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", c.service), attribute.String("service.version", o.Version))),
	)
	t := &Traces{
		clean: o.Redactor.String, contents: c.contents, provider: provider, upload: upload,
		tracer: provider.Tracer("github.com/redteam-orchestrator/orchestrator", trace.WithInstrumentationVersion(o.Version)),
	}
	t.plugins = newPluginSpans(t)
	return t, nil
}

// Name tells the ID of the run, which spans carry from then on.
func (t *Traces) Name(run string) { t.run.Store(&run) }

// Close sends what is left, and returns after at most five seconds.
func (t *Traces) Close() error {
	timeout := flushTimeout
	if t.upload.failed.Load() {
		timeout = lostTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	defer context.AfterFunc(ctx, t.upload.cancel)()
	t.plugins.close()
	err := t.provider.Shutdown(ctx)
	t.upload.cancel()
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		t.upload.warn(err)
		return nil
	}
	return err
}

// uploader sends spans, and gives up without holding anybody up.
type uploader struct {
	otlptrace.Client
	endpoint string
	warning  func(string)
	clean    func(string) string
	once     sync.Once
	failed   atomic.Bool
	// over ends what is being sent at the end of the run.
	over   context.Context
	cancel context.CancelFunc
}

func newUploader(client otlptrace.Client, endpoint string, o Options) *uploader {
	u := &uploader{Client: client, endpoint: endpoint, warning: o.Warn, clean: o.Redactor.String}
	u.over, u.cancel = context.WithCancel(context.Background())
	return u
}

// warn says that spans are lost, once.
func (u *uploader) warn(err error) {
	u.failed.Store(true)
	u.once.Do(func() {
		u.warning(u.clean(fmt.Sprintf("traces are lost: the collector at %s does not take them: %v", u.endpoint, err)))
	})
}
