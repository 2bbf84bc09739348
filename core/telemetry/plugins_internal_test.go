package telemetry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// uploads is a client that keeps when it was given how many spans.
type uploads struct {
	began time.Time
	all   []string
}

func (*uploads) Start(context.Context) error { return nil }

func (*uploads) Stop(context.Context) error { return nil }

func (u *uploads) UploadTraces(_ context.Context, spans []*tracepb.ResourceSpans) error {
	u.all = append(u.all, fmt.Sprintf("%d after %v", len(spans), time.Since(u.began)))
	return nil
}

func TestSpansOfPluginsGoTogetherOnceASecondOr64AtATime(t *testing.T) {
	own := trace.TraceID{1}
	piece, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{
		{ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{TraceId: own[:]}}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		pieces int
		open   time.Duration // how long the traces stay open
		want   []string
	}{
		{0, 5 * time.Second, nil},
		{1, 5 * time.Second, []string{"1 after 1s"}},
		{63, 5 * time.Second, []string{"63 after 1s"}},
		{64, 5 * time.Second, []string{"64 after 0s"}},
		{65, 5 * time.Second, []string{"64 after 0s", "1 after 1s"}},
		{130, 5 * time.Second, []string{"64 after 0s", "64 after 0s", "2 after 1s"}},
		{63, 0, []string{"63 after 0s"}},
	} {
		t.Run(fmt.Sprintf("%d pieces, open for %v", test.pieces, test.open), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client := &uploads{began: time.Now()}
				o := Options{Redactor: secret.NewRedactor(), Warn: func(message string) { t.Error(message) }}
				traces := &Traces{clean: o.Redactor.String, upload: newUploader(client, "http://collector.test", o)}
				traces.traceID.Store(&own)
				traces.plugins = newPluginSpans(traces)
				for range test.pieces {
					traces.Take("acme", piece)
				}
				time.Sleep(test.open) // of the bubble's clock
				traces.plugins.close()
				traces.upload.cancel()
				if !slices.Equal(client.all, test.want) {
					t.Errorf("uploaded %q, want %q", client.all, test.want)
				}
			})
		})
	}
}

// stuck is a client that takes nothing before it is released.
type stuck struct {
	uploads
	release chan struct{}
}

func (s *stuck) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	<-s.release
	return s.uploads.UploadTraces(ctx, spans)
}

func TestWhatComesFasterThanItCanBeSentIsCountedBeyond1024Calls(t *testing.T) {
	own := trace.TraceID{1}
	piece, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{}}})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		client := &stuck{release: make(chan struct{})}
		var warnings []string
		o := Options{Redactor: secret.NewRedactor(), Warn: func(message string) { warnings = append(warnings, message) }}
		traces := &Traces{clean: o.Redactor.String, upload: newUploader(client, "http://collector.test", o)}
		traces.traceID.Store(&own)
		traces.plugins = newPluginSpans(traces)
		for range mostTogether {
			traces.Take("acme", piece)
		}
		synctest.Wait() // until they are being sent
		for range 1024 + 3 {
			traces.Take("acme", piece)
		}
		close(client.release)
		traces.plugins.close()
		traces.upload.cancel()
		if len(warnings) != 1 || !strings.Contains(warnings[0], "the spans of 3 calls of plugins came faster than they could be sent") {
			t.Errorf("warnings %q, want one of 3 calls", warnings)
		}
	})
}
