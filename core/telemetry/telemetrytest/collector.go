// Package telemetrytest has a collector of traces for tests. It receives OTLP over
// HTTP and keeps the spans.
package telemetrytest

import (
	"compress/gzip"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// maxRequest is the largest decompressed request, in bytes.
const maxRequest = 64 << 20

// Span is a span that a collector has received.
type Span struct {
	Name string
	// Kind is OTLP's, such as SPAN_KIND_CLIENT.
	Kind string
	// Trace, ID and Parent are in hexadecimal; Parent is "" for a root span.
	Trace, ID, Parent string
	// Began and Ended are in nanoseconds since 1970.
	Began, Ended uint64
	// Failed is set if the span's status is an error.
	Failed bool
	// Attributes are those of the span and of its resource, as text: numbers in
	// decimal, lists joined with commas.
	Attributes map[string]string
}

// Collector receives traces. It is safe for concurrent use.
type Collector struct {
	*httptest.Server

	mu      sync.Mutex
	spans   []Span
	raw     strings.Builder
	headers http.Header
}

// NewCollector returns a collector that listens on this machine. The caller closes
// it.
func NewCollector() *Collector {
	c := &Collector{}
	c.Server = httptest.NewServer(http.HandlerFunc(c.take))
	return c
}

func (c *Collector) take(w http.ResponseWriter, r *http.Request) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	data, err := io.ReadAll(io.LimitReader(body, maxRequest))
	var request collectorpb.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &request)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "not OTLP over HTTP", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = r.Header.Clone()
	_, _ = c.raw.Write(data)
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				c.spans = append(c.spans, spanOf(s, resource))
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK)
}

func spanOf(s *tracepb.Span, r *tracepb.ResourceSpans) Span {
	attributes := map[string]string{}
	for _, kv := range slices.Concat(r.GetResource().GetAttributes(), s.GetAttributes()) {
		attributes[kv.GetKey()] = textOf(kv.GetValue())
	}
	return Span{
		Name: s.GetName(), Kind: s.GetKind().String(), Attributes: attributes,
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Began: s.GetStartTimeUnixNano(), Ended: s.GetEndTimeUnixNano(),
		Failed: s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR,
	}
}

func textOf(v *commonpb.AnyValue) string {
	if s, ok := v.GetValue().(*commonpb.AnyValue_StringValue); ok {
		return s.StringValue
	}
	if a := v.GetArrayValue(); a != nil {
		var all []string
		for _, one := range a.GetValues() {
			all = append(all, textOf(one))
		}
		return strings.Join(all, ",")
	}
	_, text, _ := strings.Cut(v.String(), ":")
	return text
}

// Spans returns the spans received so far, sorted by the time at which they began.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans := slices.Clone(c.spans)
	slices.SortStableFunc(spans, func(a, b Span) int { return int(int64(a.Began) - int64(b.Began)) })
	return spans
}

// Raw returns the bodies of all requests so far, decompressed, so that a test can
// check that something is not in them.
func (c *Collector) Raw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String()
}

// Header returns a header of the last request, or "".
func (c *Collector) Header(key string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.headers.Get(key)
}

// Tree returns the names of the spans, one a line, each indented below its parent by
// two spaces. A span whose parent was not received is a root.
func (c *Collector) Tree() string {
	spans := c.Spans()
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID] = true
	}
	var b strings.Builder
	var write func(parent, indent string)
	write = func(parent, indent string) {
		for _, s := range spans {
			if s.Parent == parent || parent == "" && !known[s.Parent] {
				b.WriteString(indent + s.Name + "\n")
				write(s.ID, indent+"  ")
			}
		}
	}
	write("", "")
	return b.String()
}
