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
	// flushTimeout bounds how long Close waits for the collector, and lostTimeout
	// the same if an upload has failed before.
	flushTimeout = 5 * time.Second
	lostTimeout  = time.Second
	// uploadTimeout bounds one upload with its retries.
	uploadTimeout = 30 * time.Second
)

// Options are the arguments of [Start]. All fields but Version are required.
type Options struct {
	// LookupEnv reads an environment variable.
	LookupEnv func(name string) (string, bool)
	// Version is the version of this program.
	Version string
	// Redactor removes secrets from everything that is sent. Start adds the values
	// of the collector's headers to it.
	Redactor *secret.Redactor
	// Warn is called at most once, with a message that spans were lost.
	Warn func(message string)
}

// Traces sends the trace of one run. It is safe for concurrent use.
type Traces struct {
	clean    func(string) string
	contents bool
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	upload   *uploader
	plugins  *pluginSpans
	// run is the run's ID, nil until Name is called; traceID is the ID of its
	// trace, nil until the run's step has begun.
	run     atomic.Pointer[string]
	traceID atomic.Pointer[trace.TraceID]
}

// Start returns traces for one run, which the caller closes. It returns nil if the
// environment asks for none, and an error of the kind [core.ErrorConfig] if its
// variables are wrong.
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

// Name sets the ID of the run, which the spans of the run and of its trials have as
// an attribute from then on.
func (t *Traces) Name(run string) { t.run.Store(&run) }

// Close sends the remaining spans. It returns after at most five seconds; a collector
// that does not answer by then gives a warning, not an error.
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

// uploader sends spans to the collector. A failure is a warning, not an error.
type uploader struct {
	otlptrace.Client
	endpoint string
	warning  func(string)
	clean    func(string) string
	once     sync.Once
	failed   atomic.Bool
	// over is cancelled when the time of Close is over, and ends uploads then.
	over   context.Context
	cancel context.CancelFunc
}

func newUploader(client otlptrace.Client, endpoint string, o Options) *uploader {
	u := &uploader{Client: client, endpoint: endpoint, warning: o.Warn, clean: o.Redactor.String}
	u.over, u.cancel = context.WithCancel(context.Background())
	return u
}

// warn warns, the first time, that spans are lost.
func (u *uploader) warn(err error) {
	u.failed.Store(true)
	u.once.Do(func() {
		u.warning(u.clean(fmt.Sprintf("traces are lost: the collector at %s does not take them: %v", u.endpoint, err)))
	})
}
