package telemetry

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

func TestSpansAreSentAgainWhereTheCollectorIsBusy(t *testing.T) {
	t.Parallel() // the exporter waits for about a second
	var requests atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer collector.Close()
	traces, err := Start(t.Context(), Options{
		LookupEnv: func(name string) (string, bool) {
			return map[string]string{envEndpoint: collector.URL}[name], name == envEndpoint
		},
		Redactor: secret.NewRedactor(), Warn: func(message string) { t.Error(message) },
	})
	if err != nil {
		t.Fatal(err)
	}
	_, end := traces.Begin(t.Context(), record.Step{Kind: record.StepRun})
	end(record.StepEnd{})
	if err := traces.provider.ForceFlush(t.Context()); err != nil {
		t.Error(err)
	}
	if err := traces.Close(); err != nil {
		t.Error(err)
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, want one more than the one that was refused", n)
	}
}
