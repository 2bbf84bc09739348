package telemetry_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry/telemetrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const key = "sk-very-private"

// start starts traces with an environment, given as names and values in turn.
func start(t *testing.T, environ ...string) (*telemetry.Traces, *[]string, error) {
	t.Helper()
	redactor := secret.NewRedactor()
	redactor.Add(key)
	var warnings []string
	traces, err := telemetry.Start(t.Context(), telemetry.Options{
		LookupEnv: func(name string) (string, bool) {
			for i := 0; i < len(environ); i += 2 {
				if environ[i] == name {
					return environ[i+1], true
				}
			}
			return "", false
		},
		Redactor: redactor, Warn: func(message string) { warnings = append(warnings, message) },
	})
	return traces, &warnings, err
}

// collected starts traces that are sent to a collector.
func collected(t *testing.T) (*telemetry.Traces, *telemetrytest.Collector) {
	t.Helper()
	c := telemetrytest.NewCollector()
	t.Cleanup(c.Close)
	traces, _, err := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	if err != nil {
		t.Fatal(err)
	}
	return traces, c
}

func TestTracesAreOffUnlessTheEnvironmentNamesACollector(t *testing.T) {
	for name, environ := range map[string][]string{
		"nothing":          nil,
		"an empty one":     {"OTEL_EXPORTER_OTLP_ENDPOINT", ""},
		"no exporter":      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318", "OTEL_TRACES_EXPORTER", "none"},
		"all switched off": {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318", "OTEL_SDK_DISABLED", "true"},
		"only a name":      {"OTEL_SERVICE_NAME", "nightly"},
	} {
		t.Run(name, func(t *testing.T) {
			if traces, _, err := start(t, environ...); traces != nil || err != nil {
				t.Errorf("got %v, %v, want nothing", traces, err)
			}
		})
	}
}

func TestAWrongEnvironmentIsAMistakeThatNamesTheVariable(t *testing.T) {
	for _, environ := range [][]string{
		{"OTEL_TRACES_EXPORTER", "console"},
		{"OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4317"},
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://"},
		{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "OTEL_TRACES_EXPORTER", "otlp"},
		{"OTEL_EXPORTER_OTLP_HEADERS", "secret-without-key", "OTEL_TRACES_EXPORTER", "otlp"},
	} {
		t.Run(environ[0], func(t *testing.T) {
			_, _, err := start(t, environ...)
			if core.KindOf(err) != core.ErrorConfig || !strings.HasPrefix(err.Error(), environ[0]) || core.HintOf(err) == "" && environ[0] != "OTEL_TRACES_EXPORTER" {
				t.Errorf("error %v (%s), want one of config that names the variable", err, core.HintOf(err))
			}
			if err != nil && strings.Contains(err.Error(), "secret-without-key") {
				t.Errorf("the error tells the header: %v", err)
			}
		})
	}
}

func TestAStepThatFailsSaysOfWhatKindAndNotWhy(t *testing.T) {
	traces, c := collected(t)
	ctx, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun, Name: "named " + key})
	_, endSend := traces.Begin(ctx, record.Step{Kind: record.StepSend, Name: "agent", Sent: []core.Message{core.UserText("Read me the code.")}})
	endSend(record.StepEnd{Kind: core.ErrorTimeout})
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	spans := c.Spans()
	if len(spans) != 2 || spans[0].Name != "run named [redacted]" || spans[0].Failed {
		t.Fatalf("spans %+v", spans)
	}
	if s := spans[1]; s.Name != "chat" || !s.Failed || s.Attributes["error.type"] != "timeout" || s.Parent != spans[0].ID {
		t.Errorf("the send is %+v", s)
	}
	for name, value := range spans[1].Attributes {
		if strings.Contains(value, "Read me the code.") {
			t.Errorf("%s tells what was said, which nobody asked for: %s", name, value)
		}
	}
}

func TestOnlyRequestsToATargetAreSpansOfAClient(t *testing.T) {
	traces, c := collected(t)
	ctx, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun, Name: "nightly"})
	want := map[string]string{
		"run nightly": "SPAN_KIND_INTERNAL", "trial": "SPAN_KIND_INTERNAL", "turn": "SPAN_KIND_INTERNAL",
		"convert x": "SPAN_KIND_INTERNAL", "score x": "SPAN_KIND_INTERNAL",
		"start x": "SPAN_KIND_CLIENT", "chat": "SPAN_KIND_CLIENT",
	}
	for _, kind := range []record.StepKind{record.StepTrial, record.StepTurn, record.StepConvert, record.StepScore, record.StepStart, record.StepSend} {
		_, end := traces.Begin(ctx, record.Step{Kind: kind, Name: "x"})
		end(record.StepEnd{})
	}
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range c.Spans() {
		got[s.Name] = s.Kind
	}
	if !maps.Equal(got, want) {
		t.Errorf("the spans are %v, want %v", got, want)
	}
}

func TestASpanHasTheAttributesOfItsStep(t *testing.T) {
	traces, c := collected(t)
	ctx, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun, Name: "nightly"})
	traces.Name("r1") // which is known once every component is open
	for _, step := range []struct {
		begins record.Step
		ends   record.StepEnd
	}{
		{record.Step{Kind: record.StepTrial, Name: "polite/1", Attack: "polite"}, record.StepEnd{Outcome: core.Succeeded}},
		{record.Step{Kind: record.StepTurn, Turn: 1}, record.StepEnd{}},
		{record.Step{Kind: record.StepConvert, Name: "speak", Use: "audio/speak"}, record.StepEnd{}},
		{record.Step{Kind: record.StepStart, Name: "agent", Use: "realtime", Config: []byte(`{"model":"m"}`)}, record.StepEnd{}},
		{record.Step{Kind: record.StepSend, Name: "agent", Use: "realtime", Config: []byte(`{"model":"m"}`)}, record.StepEnd{}},
		{record.Step{Kind: record.StepSend, Name: "agent", Use: "realtime", Config: []byte(`{"model":"${M}"}`)}, record.StepEnd{}},
		{record.Step{Kind: record.StepScore, Name: "leaked", Use: "match"}, record.StepEnd{Score: core.Score{Type: core.ScoreTrueFalse}}},
		{record.Step{Kind: record.StepScore, Name: "unsure", Use: "match"}, record.StepEnd{Score: core.Score{Type: core.ScoreUnknown}}},
	} {
		_, end := traces.Begin(ctx, step.begins)
		end(step.ends)
	}
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range c.Spans() {
		line := s.Name + ":"
		for _, key := range slices.Sorted(maps.Keys(s.Attributes)) {
			if !strings.HasPrefix(key, "service.") {
				line += " " + key + "=" + s.Attributes[key]
			}
		}
		got = append(got, line)
	}
	want := []string{
		"run nightly: orchestrator.campaign=nightly orchestrator.run=r1",
		"trial: orchestrator.attack=polite orchestrator.outcome=succeeded orchestrator.run=r1 orchestrator.trial=polite/1",
		"turn: orchestrator.turn=2",
		"convert speak: orchestrator.component=speak orchestrator.use=audio/speak",
		"start agent: orchestrator.component=agent orchestrator.use=realtime",
		"chat m: gen_ai.operation.name=chat gen_ai.request.model=m orchestrator.component=agent orchestrator.use=realtime",
		"chat: gen_ai.operation.name=chat orchestrator.component=agent orchestrator.use=realtime",
		"score leaked: gen_ai.evaluation.name=leaked gen_ai.evaluation.score.value=0 orchestrator.component=leaked orchestrator.use=match",
		"score unsure: gen_ai.evaluation.name=unsure orchestrator.component=unsure orchestrator.use=match",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the spans are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestASendSaysWhatItUsedAndHowTheRepliesEnded(t *testing.T) {
	traces, c := collected(t)
	ctx, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun, Name: "nightly"})
	_, endSend := traces.Begin(ctx, record.Step{Kind: record.StepSend, Name: "agent"})
	endSend(record.StepEnd{Replies: []core.Reply{
		{Usage: core.Usage{InputTokens: 10, CachedInputTokens: 4, OutputTokens: 2}, Finish: core.FinishInterrupted},
		{Usage: core.Usage{InputTokens: 20, CachedInputTokens: 8, OutputTokens: 3}, Finish: core.FinishComplete},
	}})
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	got := c.Spans()[1].Attributes
	for name, want := range map[string]string{
		"gen_ai.usage.input_tokens": "30", "gen_ai.usage.output_tokens": "5", "gen_ai.usage.cache_read.input_tokens": "12",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %s", name, got[name], want)
		}
	}
	if ends := got["gen_ai.response.finish_reasons"]; !strings.Contains(ends, "interrupted") || !strings.Contains(ends, "complete") {
		t.Errorf("the replies ended as %q", ends)
	}
}

func TestOfAPluginsSpansThoseOfTheRunAreTakenWithoutSecrets(t *testing.T) {
	traces, c := collected(t)
	ctx, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun, Name: "nightly"})
	own := trace.SpanContextFromContext(ctx).TraceID()
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	span := func(name string, trace []byte) *tracepb.Span {
		nested := &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{
			text(key), {Value: &commonpb.AnyValue_BytesValue{BytesValue: []byte(key)}},
		}}}}
		return &tracepb.Span{
			Name: name, TraceId: trace, SpanId: []byte("12345678"),
			Attributes: []*commonpb.KeyValue{{Key: "list", Value: nested}},
			Events:     []*tracepb.Span_Event{{Name: "saw " + key}}, Status: &tracepb.Status{Message: key},
		}
	}
	data, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: []*tracepb.ResourceSpans{{
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{span("own "+key, own[:]), span("foreign", make([]byte, 16)), span("none", nil)}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	traces.Take("acme", data)
	traces.Take("acme", []byte("no protobuf at all"))
	traces.Take("acme", nil)
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range c.Spans() {
		names = append(names, s.Name)
		if s.Name == "own [redacted]" && s.Attributes["orchestrator.plugin"] != "acme" {
			t.Errorf("the plugin's span does not say whose it is: %v", s.Attributes)
		}
	}
	if len(names) != 2 || !strings.Contains(strings.Join(names, ","), "own [redacted]") {
		t.Errorf("spans %q, want the run's and the plugin's own", names)
	}
	if strings.Contains(c.Raw(), key) {
		t.Error("the secret is in what the collector got")
	}
}

func TestACollectorThatCannotBeReachedIsWarnedOf(t *testing.T) {
	traces, warnings, err := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	_, end := traces.Begin(context.Background(), record.Step{Kind: record.StepRun})
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Error(err)
	}
	if len(*warnings) != 1 || !strings.Contains((*warnings)[0], "traces are lost: the collector at http://127.0.0.1:1/v1/traces") {
		t.Errorf("warnings %q, want one", *warnings)
	}
}

func TestAPluginThatMakesMoreThanTheCollectorTakesHoldsNobodyUp(t *testing.T) {
	traces, warnings, err := start(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	_, end := traces.Begin(context.Background(), record.Step{Kind: record.StepRun})
	began := time.Now()
	for range 100_000 {
		traces.Take("acme", []byte("anything"))
	}
	end(record.StepEnd{})
	if err := traces.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
	if len(*warnings) != 1 || !strings.Contains((*warnings)[0], "traces are lost: the collector at http://127.0.0.1:1/v1/traces") {
		t.Errorf("warnings %q, want one", *warnings)
	}
}
