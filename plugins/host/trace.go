package host

import (
	"context"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/stats"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// tracing tells a plugin which span a call belongs to, and takes the spans that have
// ended there from the end of the call.
type tracing struct {
	plugin string
	spans  func(plugin string, otlp []byte)
}

var _ stats.Handler = tracing{}

// TagRPC has the call carry the context's span.
func (tracing) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return wire.WithTrace(ctx)
}

// HandleRPC hands the plugin's spans on.
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

// withSpanOf makes the span in which a plugin asks a target that of the context in
// which it is asked, if it is one of the same trace: a plugin does not write into
// others.
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
