package plugins

import (
	"context"
	"log/slog"
	"slices"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const (
	// mostWaiting is the largest number of spans that wait for the end of a
	// call.
	mostWaiting = 4096
	// mostAtOnce is the largest number of spans in one call's trailer.
	mostAtOnce = 128
)

// endedSpans are the spans that have ended and were not sent to the host yet.
type endedSpans struct {
	mu      sync.Mutex
	waiting []sdktrace.ReadOnlySpan
	lost    sync.Once
}

var _ sdktrace.SpanProcessor = (*endedSpans)(nil)

// OnStart does nothing: a span is of interest when it has ended.
func (*endedSpans) OnStart(context.Context, sdktrace.ReadWriteSpan) {}

// OnEnd keeps a span.
func (e *endedSpans) OnEnd(s sdktrace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.waiting) >= mostWaiting {
		e.lost.Do(func() { slog.Warn("too many spans end outside of calls; some are lost") })
		return
	}
	e.waiting = append(e.waiting, s)
}

// Shutdown does nothing: the process ends without it.
func (*endedSpans) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing: spans wait for the end of a call.
func (*endedSpans) ForceFlush(context.Context) error { return nil }

// trailer returns the trailer of a call that ends, with the spans that have
// ended; nil where there are none, or the call was cancelled.
func (e *endedSpans) trailer(call context.Context) metadata.MD {
	if call.Err() != nil {
		return nil
	}
	for {
		spans := e.take()
		if len(spans) == 0 {
			return nil
		}
		for n := len(spans); n > 0; n /= 2 {
			if encoded := encodeSpans(spans[:n]); len(encoded) <= wire.MaxSpans {
				e.giveBack(spans[n:])
				return metadata.Pairs(wire.SpansKey, string(encoded))
			}
		}
		e.giveBack(spans[1:]) // the first is too large for any call
	}
}

func (e *endedSpans) take() []sdktrace.ReadOnlySpan {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := min(len(e.waiting), mostAtOnce)
	spans := slices.Clone(e.waiting[:n])
	e.waiting = slices.Delete(e.waiting, 0, n)
	return spans
}

func (e *endedSpans) giveBack(spans []sdktrace.ReadOnlySpan) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting = append(slices.Clone(spans), e.waiting...)
}

// encodeSpans returns spans in OTLP's encoding.
func encodeSpans(spans []sdktrace.ReadOnlySpan) []byte {
	var kept keptSpans
	if err := otlptrace.NewUnstarted(&kept).ExportSpans(context.Background(), spans); err != nil {
		return nil // kept does not fail
	}
	encoded, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: kept.spans})
	if err != nil {
		slog.Warn("spans cannot be encoded", "error", err) // such as a name that is not UTF-8
	}
	return encoded
}

// keptSpans is an OTLP client that stores the spans instead of sending them.
type keptSpans struct{ spans []*tracepb.ResourceSpans }

var _ otlptrace.Client = (*keptSpans)(nil)

// Start implements [otlptrace.Client].
func (*keptSpans) Start(context.Context) error { return nil }

// Stop implements [otlptrace.Client].
func (*keptSpans) Stop(context.Context) error { return nil }

// UploadTraces stores the spans.
func (k *keptSpans) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	k.spans = spans
	return nil
}
