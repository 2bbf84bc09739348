package telemetry

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	// mostWaiting is the capacity of the queue; pieces beyond it are lost. A piece
	// has at most 64 KiB.
	mostWaiting = 1024
	// mostTogether is the number of pieces from which they are uploaded at once, and
	// sendEvery the interval after which fewer are.
	mostTogether = 64
	sendEvery    = time.Second
)

// pluginSpans uploads the spans of plugins.
type pluginSpans struct {
	traces *Traces
	queue  chan piece
	closed chan struct{}
	over   sync.WaitGroup
	// lost counts the pieces that did not fit into the queue.
	lost atomic.Int64
}

// piece is the spans that a plugin returned with one call, OTLP's TracesData.
type piece struct {
	plugin string
	otlp   []byte
}

func newPluginSpans(t *Traces) *pluginSpans {
	p := &pluginSpans{traces: t, queue: make(chan piece, mostWaiting), closed: make(chan struct{})}
	p.over.Go(p.send)
	return p
}

// Take queues spans that have ended in a plugin, encoded as OTLP's TracesData, and
// does not block. Plugins are not trusted: spans of other traces are dropped, and
// secrets are removed. If the queue is full, the spans are lost; Close warns of it.
func (t *Traces) Take(plugin string, otlp []byte) {
	select {
	case t.plugins.queue <- piece{plugin, otlp}:
	default: // the queue is full
		t.plugins.lost.Add(1)
	}
}

func (p *pluginSpans) close() {
	close(p.closed)
	p.over.Wait()
	if n := p.lost.Load(); n > 0 {
		p.traces.upload.warn(fmt.Errorf("the spans of %d calls of plugins came faster than they could be sent", n))
	}
}

// send uploads queued pieces, several at once, until the queue is closed.
func (p *pluginSpans) send() {
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	var together []*tracepb.ResourceSpans
	for {
		select {
		case next := <-p.queue:
			together = append(together, p.read(next)...)
			if len(together) < mostTogether {
				continue
			}
		case <-tick.C:
		case <-p.closed:
			for len(p.queue) > 0 {
				together = append(together, p.read(<-p.queue)...)
			}
			p.upload(together)
			return
		}
		p.upload(together)
		together = nil
	}
}

func (p *pluginSpans) upload(spans []*tracepb.ResourceSpans) {
	if len(spans) > 0 {
		_ = p.traces.upload.UploadTraces(context.Background(), spans) // it warns instead of returning an error
	}
}

// read decodes a piece: without the spans of other traces and without secrets, and
// with the plugin's name as an attribute. It returns nil if the piece is malformed.
func (p *pluginSpans) read(from piece) []*tracepb.ResourceSpans {
	var data tracepb.TracesData
	own := p.traces.traceID.Load()
	if own == nil || proto.Unmarshal(from.otlp, &data) != nil {
		return nil
	}
	for _, r := range data.GetResourceSpans() {
		for _, s := range r.GetScopeSpans() {
			s.Spans = slices.DeleteFunc(s.Spans, func(s *tracepb.Span) bool { return string(s.GetTraceId()) != string(own[:]) })
		}
		if r.Resource == nil {
			r.Resource = &resourcepb.Resource{}
		}
		r.Resource.Attributes = append(r.Resource.Attributes, &commonpb.KeyValue{
			Key: keyPlugin, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: from.plugin}},
		})
		p.redact(r.ProtoReflect())
	}
	return data.GetResourceSpans()
}

// redact removes secrets from every string and bytes value of a message.
func (p *pluginSpans) redact(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList() && field.Message() != nil:
			for i := range value.List().Len() {
				p.redact(value.List().Get(i).Message())
			}
		case field.IsList():
		case field.Message() != nil:
			p.redact(value.Message())
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(p.traces.clean(value.String())))
		case field.FullName() == "opentelemetry.proto.common.v1.AnyValue.bytes_value":
			m.Set(field, protoreflect.ValueOfBytes([]byte(p.traces.clean(string(value.Bytes())))))
		}
		return true
	})
}
