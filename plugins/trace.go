package plugins

import (
	"context"
	"strings"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// longestAttribute is the length, in characters, at which the text of a span's
// attribute is cut.
const longestAttribute = 4096

// tracing creates a span for each call with trace context. Ended spans are sent
// to the host in the trailer of the call that they belong to or of a later one,
// because the process may have no other connection. A call without trace
// context only costs a look at its metadata.
type tracing struct {
	info  Info
	begin sync.Once
	// provider is also otel's global one from the first traced call on, so that
	// an author's spans are sent the same way.
	provider *sdktrace.TracerProvider
	ended    endedSpans
}

// unary traces a call of one request and one reply.
func (t *tracing) unary(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	within, end := t.enter(ctx, info.FullMethod)
	response, err := handle(within, request)
	if trailer := end(err); trailer != nil {
		_ = grpc.SetTrailer(ctx, trailer) // it fails only outside of a call
	}
	return response, err
}

// stream traces a streaming call.
func (t *tracing) stream(server any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	within, end := t.enter(stream.Context(), info.FullMethod)
	err := handle(server, followed{stream, within})
	if trailer := end(err); trailer != nil {
		stream.SetTrailer(trailer)
	}
	return err
}

// followed is a stream whose context has the call's span.
type followed struct {
	grpc.ServerStream
	ctx context.Context
}

// Context returns the context of the call.
func (f followed) Context() context.Context { return f.ctx }

// enter begins the span of a call. end ends it and returns the trailer with the
// ended spans.
func (t *tracing) enter(ctx context.Context, method string) (within context.Context, end func(error) metadata.MD) {
	caller := wire.TraceOf(ctx)
	if !caller.IsSampled() {
		return ctx, func(error) metadata.MD { return t.ended.trailer(ctx) }
	}
	t.begin.Do(t.start)
	method = strings.TrimPrefix(method, "/")
	within, span := t.provider.Tracer("github.com/redteam-orchestrator/orchestrator/plugins").Start(
		trace.ContextWithRemoteSpanContext(ctx, caller), method,
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("rpc.system.name", "grpc"), attribute.String("rpc.method", method)),
	)
	return within, func(err error) metadata.MD {
		if err != nil { // its text may quote the conversation
			span.SetAttributes(attribute.String("error.type", typeOf(err)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
		return t.ended.trailer(ctx)
	}
}

// typeOf is the kind of an error as the host receives it.
func typeOf(err error) string {
	if e := wire.DecodeError(err); e != nil {
		return string(core.KindOf(e))
	}
	return status.Code(err).String()
}

func (t *tracing) start() {
	limits := sdktrace.NewSpanLimits()
	limits.AttributeValueLengthLimit = longestAttribute
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "orchestrator-plugin-"+t.info.Name),
			attribute.String("service.version", t.info.Version),
		)),
		sdktrace.WithRawSpanLimits(limits),
		sdktrace.WithSpanProcessor(&t.ended),
	)
	otel.SetTracerProvider(t.provider)
}
