package metrics

import (
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// mostNames is how many campaigns, and how many targets, have a label of their own.
// Those beyond share otherName.
const (
	mostNames = 200
	otherName = "(other)"
)

// Metrics are those of one process.
type Metrics struct {
	http.Handler

	runs, trials, turns, tokens, retries, pauses   *prometheus.CounterVec
	activeRuns, activeTrials, paused, down         *prometheus.GaugeVec
	lastTime, lastSeconds, lastRate, lastUndecided *prometheus.GaugeVec
	turnSeconds                                    *prometheus.HistogramVec
	mu                                             sync.Mutex
	campaigns, targets                             map[string]bool
}

// New returns metrics of which nothing has been counted yet.
func New() *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	vec := maker{registry}
	return &Metrics{
		Handler:   promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		campaigns: map[string]bool{}, targets: map[string]bool{},

		runs:         vec.counter("runs_total", "Runs that have ended, by how: finished, interrupted, bounded or failed.", "campaign", "status"),
		activeRuns:   vec.gauge("runs_active", "Runs that are going.", "campaign"),
		trials:       vec.counter("trials_total", "Trials that have ended, by outcome; interrupted ones have none.", "campaign", "outcome"),
		activeTrials: vec.gauge("trials_active", "Conversations of trials that are held now.", "campaign"),
		turns:        vec.counter("turns_total", "Messages sent to a target, by what came of them: answered, or the kind of the error.", "campaign", "target", "result"),
		turnSeconds:  vec.histogram("turn_duration_seconds", "How long a target took to answer a message.", "campaign", "target"),
		tokens:       vec.counter("tokens_total", "Tokens that a target says were used, by direction: input or output.", "campaign", "target", "direction"),
		retries:      vec.counter("requests_retried_total", "Requests that failed and were made again, by the kind of the error; rate_limited is a refusal.", "campaign", "target", "kind"),
		pauses:       vec.counter("target_pauses_total", "Pauses of a target, by reason: asked, used_up, refused or down.", "campaign", "target", "reason"),
		paused:       vec.gauge("target_paused", "Runs for which a target is paused now.", "campaign", "target"),
		down:         vec.gauge("target_down", "Runs for which a target is taken to be down now: their circuit breaker is open.", "campaign", "target"),

		lastTime:      vec.gauge("last_run_timestamp_seconds", "When the last run of a campaign ended, in seconds since 1970.", "campaign"),
		lastSeconds:   vec.gauge("last_run_duration_seconds", "How long the last run of a campaign took.", "campaign"),
		lastRate:      vec.gauge("last_run_asr", "The attack success rate of the last run of a campaign, from 0 to 1; absent where no trial was judged.", "campaign"),
		lastUndecided: vec.gauge("last_run_trials_without_evidence", "Trials of the last run of a campaign that were undetermined, errored or not held.", "campaign"),
	}
}

// Observer returns an observer for one run.
func (m *Metrics) Observer() *Observer {
	return &Observer{metrics: m, paused: map[string]bool{}, down: map[string]bool{}}
}

// name returns the label for a name out of those of its sort.
func (m *Metrics) name(names map[string]bool, name string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !names[name] && len(names) >= mostNames {
		return otherName
	}
	names[name] = true
	return name
}

// maker makes metrics of this program and registers them.
type maker struct{ registry *prometheus.Registry }

const namespace = "orchestrator"

func (m maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(c)
	return c
}

func (m maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(g)
	return g
}

func (m maker) histogram(name, help string, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: []float64{0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120},
	}, labels)
	m.registry.MustRegister(h)
	return h
}
