package wire

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

const (
	// SpansKey is the key of the trailing metadata in which a plugin returns
	// the spans that have ended during a call: OTLP's TracesData.
	SpansKey = "redteam-spans-bin"
	// MaxSpans is the largest size of the spans in one trailer, in bytes.
	MaxSpans = 64 << 10

	traceParent = "traceparent"
	traceState  = "tracestate"
)

// WithTrace sends the context's span with an outgoing call, in the form of W3C
// Trace Context. Without a sampled span it does nothing.
func WithTrace(ctx context.Context) context.Context {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ctx
	}
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	for key, value := range carrier {
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	return ctx
}

// TraceOf returns the span that an incoming call belongs to. It is not valid
// where the caller does not trace the call.
func TraceOf(ctx context.Context) trace.SpanContext {
	parents := metadata.ValueFromIncomingContext(ctx, traceParent)
	if len(parents) != 1 {
		return trace.SpanContext{}
	}
	carrier := propagation.MapCarrier{traceParent: parents[0]}
	if states := metadata.ValueFromIncomingContext(ctx, traceState); len(states) == 1 {
		carrier[traceState] = states[0]
	}
	return trace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), carrier))
}
