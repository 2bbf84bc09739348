package host

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// tracing sends trace context with calls to a plugin, and receives the spans
// that have ended from the trailers.
type tracing struct {
	plugin string
	spans  func(plugin string, otlp []byte)
}

var _ stats.Handler = tracing{}

// TagRPC adds the context's span to the call.
func (tracing) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return wire.WithTrace(ctx)
}

// HandleRPC passes the plugin's spans on.
func (t tracing) HandleRPC(_ context.Context, s stats.RPCStats) {
	end, ok := s.(*stats.InTrailer)
	if !ok {
		return
	}
	for _, spans := range end.Trailer.Get(wire.SpansKey) {
		if len(spans) <= wire.MaxSpans {
			t.spans(t.plugin, []byte(spans))
		}
	}
}

// TagConn does nothing.
func (tracing) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn does nothing.
func (tracing) HandleConn(context.Context, stats.ConnStats) {}

// withSpanOf sets the parent span of a plugin's request to a target: the span
// in the request's context, if that is of the same trace. A plugin cannot add
// to other traces.
func withSpanOf(request, call context.Context) context.Context {
	own := trace.SpanContextFromContext(call)
	if !own.IsSampled() {
		return call
	}
	if asks := wire.TraceOf(request); asks.IsValid() && asks.TraceID() == own.TraceID() {
		return trace.ContextWithRemoteSpanContext(call, asks.WithTraceFlags(own.TraceFlags()))
	}
	return call
}
