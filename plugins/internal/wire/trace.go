package wire

import (
	"context"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc/metadata"
)

const (
	// SpansKey is the key of the trailing metadata of a call in which a plugin
	// returns the spans that have ended in it: OTLP's TracesData.
	SpansKey = "redteam-spans-bin"
	// MaxSpans is how many bytes of them one call returns at most.
	MaxSpans = 64 << 10

	traceParent = "traceparent"
	traceState  = "tracestate"
)

// WithTrace makes the span of the context the one that an outgoing call belongs to,
// in the form of W3C Trace Context. Without a span that is sampled it does nothing.
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

// TraceOf returns the span that an incoming call belongs to. It is not valid where
// the caller does not follow the call.
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
