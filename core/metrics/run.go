package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redteam-orchestrator/orchestrator/core/engine"
)

// run counts for one run.
type run struct {
	metrics *Metrics

	mu       sync.Mutex
	campaign string
	// active counts the trials that are held, and the maps say what holds for each
	// target now. None of it outlives the run.
	active       int
	paused, down map[string]bool
}

// Observe counts an event.
func (r *run) Observe(e engine.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.metrics
	switch e := e.(type) {
	case engine.RunStarted:
		r.campaign = m.name(m.campaigns, e.Campaign)
		m.activeRuns.WithLabelValues(r.campaign).Inc()
	case engine.RunEnded:
		r.ended(e)
	case engine.TrialStarted:
		r.hold(1)
	case engine.TrialEnded:
		r.hold(-1)
		m.trials.WithLabelValues(r.campaign, string(e.Result.Outcome)).Inc()
	case engine.TrialInterrupted:
		r.hold(-1)
		m.trials.WithLabelValues(r.campaign, "interrupted").Inc()
	case engine.TurnEnded:
		r.turn(e.Trial.Target, e.Turn)
	case engine.HelperTurnEnded:
		r.turn(e.Turn.Target, e.Turn.Turn)
	case engine.RequestRetried:
		m.retries.WithLabelValues(r.campaign, r.target(e.Target), string(e.Kind)).Inc()
	default:
		r.observeTarget(e)
	}
}

// observeTarget counts what becomes of a target.
func (r *run) observeTarget(e engine.Event) {
	m := r.metrics
	switch e := e.(type) {
	case engine.TargetPaused:
		m.pauses.WithLabelValues(r.campaign, r.target(e.Target), string(e.Reason)).Inc()
		r.set(m.paused, r.paused, e.Target, true)
	case engine.TargetResumed:
		r.set(m.paused, r.paused, e.Target, false)
	case engine.TargetDown:
		r.set(m.down, r.down, e.Target, true)
	case engine.TargetUp:
		r.set(m.down, r.down, e.Target, false)
	}
}

func (r *run) hold(more int) {
	r.active += more
	r.metrics.activeTrials.WithLabelValues(r.campaign).Add(float64(more))
}

func (r *run) turn(target string, t engine.Turn) {
	m, target := r.metrics, r.target(target)
	result := "answered"
	if t.Failure != nil {
		result = string(t.Failure.Kind)
	}
	m.turns.WithLabelValues(r.campaign, target, result).Inc()
	if t.Reply == nil {
		return
	}
	m.turnSeconds.WithLabelValues(r.campaign, target).Observe(t.Ended.Sub(t.Started).Seconds())
	for direction, n := range map[string]int64{"input": t.Reply.Usage.InputTokens, "output": t.Reply.Usage.OutputTokens} {
		if n > 0 { // a counter does not go down, whatever a target says
			m.tokens.WithLabelValues(r.campaign, target, direction).Add(float64(n))
		}
	}
}

// set notes what holds for a target, once for the run.
func (r *run) set(gauge *prometheus.GaugeVec, state map[string]bool, target string, holds bool) {
	if state[target] == holds {
		return
	}
	state[target] = holds
	by := 1.0
	if !holds {
		by = -1
	}
	gauge.WithLabelValues(r.campaign, r.target(target)).Add(by)
}

func (r *run) ended(e engine.RunEnded) {
	m, tally := r.metrics, e.Summary.Tally
	r.hold(-r.active)
	for target := range r.paused {
		r.set(m.paused, r.paused, target, false)
	}
	for target := range r.down {
		r.set(m.down, r.down, target, false)
	}
	m.activeRuns.WithLabelValues(r.campaign).Dec()
	m.runs.WithLabelValues(r.campaign, string(e.Status())).Inc()
	m.lastTime.WithLabelValues(r.campaign).SetToCurrentTime()
	m.lastSeconds.WithLabelValues(r.campaign).Set(e.Summary.Duration.Seconds())
	m.lastUndecided.WithLabelValues(r.campaign).Set(float64(e.Summary.Planned - tally.Judged()))
	if rate, _, _, judged := tally.ASR(); judged {
		m.lastRate.WithLabelValues(r.campaign).Set(rate)
	} else {
		m.lastRate.DeleteLabelValues(r.campaign)
	}
}

func (r *run) target(name string) string { return r.metrics.name(r.metrics.targets, name) }
