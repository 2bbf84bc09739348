package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

const traceID = "0af7651916cd43dd8448eb211c80319c"

// called is the context of a call that somebody traces.
func called(ctx context.Context) context.Context {
	return metadata.NewIncomingContext(ctx, metadata.Pairs("traceparent", "00-"+traceID+"-b7ad6b7169203331-01"))
}

// spansOf decodes a trailer.
func spansOf(t *testing.T, trailer metadata.MD) []*tracepb.Span {
	t.Helper()
	var all []*tracepb.Span
	for _, value := range trailer.Get(wire.SpansKey) {
		if len(value) > wire.MaxSpans {
			t.Errorf("the trailer has %d bytes", len(value))
		}
		var data tracepb.TracesData
		if err := proto.Unmarshal([]byte(value), &data); err != nil {
			t.Fatal(err)
		}
		for _, r := range data.GetResourceSpans() {
			for _, s := range r.GetScopeSpans() {
				all = append(all, s.GetSpans()...)
			}
		}
	}
	return all
}

func TestACallThatNobodyTracesHasNoSpan(t *testing.T) {
	for name, md := range map[string]metadata.MD{
		"no metadata":   {},
		"not sampled":   metadata.Pairs("traceparent", "00-"+traceID+"-b7ad6b7169203331-00"),
		"nonsense":      metadata.Pairs("traceparent", "00-nonsense"),
		"two of them":   metadata.Pairs("traceparent", "00-"+traceID+"-b7ad6b7169203331-01", "traceparent", "00-"+traceID+"-b7ad6b7169203331-01"),
		"another's key": metadata.Pairs("tracestate", "a=b"),
	} {
		t.Run(name, func(t *testing.T) {
			tr := &tracing{}
			ctx := metadata.NewIncomingContext(t.Context(), md)
			within, end := tr.enter(ctx, "/a/B")
			if trailer := end(nil); trailer != nil || within != ctx || tr.provider != nil {
				t.Errorf("a trailer %v, a context %v", trailer, within)
			}
		})
	}
}

func TestTheSpanOfACallIsThatOfTheCallersTraceAndTellsNoTextOfItsError(t *testing.T) {
	tr := &tracing{info: Info{Name: "acme"}}
	within, end := tr.enter(called(t.Context()), "/redteam.plugin.v1.ScorerService/Score")
	if got := trace.SpanContextFromContext(within).TraceID().String(); got != traceID {
		t.Errorf("the author's context is of trace %s", got)
	}
	spans := spansOf(t, end(wire.EncodeError(core.Errorf(core.ErrorTimeout, "it said blue eleven"))))
	if len(spans) != 1 || spans[0].GetName() != "redteam.plugin.v1.ScorerService/Score" || fmt.Sprintf("%x", spans[0].GetParentSpanId()) != "b7ad6b7169203331" {
		t.Fatalf("spans %v", spans)
	}
	if text := spans[0].String(); strings.Contains(text, "blue eleven") || !strings.Contains(text, `string_value:"timeout"`) {
		t.Errorf("the span is %s", text)
	}
}

func TestSpansWaitForACallThatSomebodyWaitsFor(t *testing.T) {
	tr := &tracing{}
	given, giveUp := context.WithCancel(t.Context())
	_, end := tr.enter(called(given), "/a/First")
	giveUp()
	if trailer := end(errors.New("cancelled")); trailer != nil {
		t.Errorf("a trailer %v for nobody", trailer)
	}
	_, end = tr.enter(t.Context(), "/a/Second") // nobody traces it
	if spans := spansOf(t, end(nil)); len(spans) != 1 || spans[0].GetName() != "a/First" {
		t.Errorf("spans %v, want that of the call before", spans)
	}
}

func TestWhatDoesNotFitIntoOneTrailerGoesWithTheNext(t *testing.T) {
	tr := &tracing{}
	within, end := tr.enter(called(t.Context()), "/a/B")
	const made = 1000
	for range made {
		_, span := tr.provider.Tracer("author").Start(within, strings.Repeat("x", 500))
		span.End()
	}
	got, calls := len(spansOf(t, end(nil))), 1
	for ; got < made+1 && calls < 100; calls++ {
		_, end := tr.enter(t.Context(), "/a/B")
		got += len(spansOf(t, end(nil)))
	}
	if got != made+1 || calls < 8 {
		t.Errorf("%d spans in %d calls, want %d", got, calls, made+1)
	}
}

func TestASpanThatFitsNowhereIsLeftOut(t *testing.T) {
	tr := &tracing{}
	within, end := tr.enter(called(t.Context()), "/a/B")
	_, span := tr.provider.Tracer("author").Start(within, strings.Repeat("x", wire.MaxSpans))
	span.End()
	if spans := spansOf(t, end(nil)); len(spans) != 1 || spans[0].GetName() != "a/B" {
		t.Errorf("%d spans, want that of the call", len(spans))
	}
}

func TestSpansThatNoCallTakesAreBounded(t *testing.T) {
	var e endedSpans
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(&e))
	for range 2 * mostWaiting {
		_, span := provider.Tracer("author").Start(t.Context(), "endless")
		span.End()
	}
	if len(e.waiting) != mostWaiting {
		t.Errorf("%d spans wait, want %d", len(e.waiting), mostWaiting)
	}
}

// BenchmarkCallThatNobodyTraces is what tracing costs a call when it is off.
func BenchmarkCallThatNobodyTraces(b *testing.B) {
	tr := &tracing{}
	ctx := metadata.NewIncomingContext(b.Context(), metadata.Pairs("user-agent", "grpc-go", "content-type", "application/grpc", "redteam-call", "1"))
	b.ReportAllocs()
	for b.Loop() {
		_, end := tr.enter(ctx, "/redteam.plugin.v1.ScorerService/Score")
		_ = end(nil)
	}
}
