package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Observer counts the events of one run. Its methods may be called concurrently.
type Observer struct {
	metrics *Metrics

	mu       sync.Mutex
	campaign string
	// active counts the trials that are held, and the maps say what holds for each
	// target now. None of it outlives the run.
	active       int
	paused, down map[string]bool
}

// Observe counts an event.
func (r *Observer) Observe(e record.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.metrics
	switch e := e.(type) {
	case record.RunStarted:
		r.campaign = m.name(m.campaigns, e.Campaign)
		m.activeRuns.WithLabelValues(r.campaign).Inc()
	case record.RunEnded:
		r.ended(e)
	case record.TrialStarted:
		r.hold(1)
	case record.TrialEnded:
		r.hold(-1)
		if !e.More {
			m.trials.WithLabelValues(r.campaign, string(e.Result.Outcome)).Inc()
		}
	case record.TrialInterrupted:
		r.hold(-1)
		m.trials.WithLabelValues(r.campaign, "interrupted").Inc()
	case record.TurnEnded:
		r.turn(e.Trial.Target, e.Turn)
	case record.HelperTurnEnded:
		r.turn(e.Turn.Target, e.Turn.Turn)
	case record.RequestRetried:
		m.retries.WithLabelValues(r.campaign, r.target(e.Target), string(e.Kind)).Inc()
	default:
		r.observeTarget(e)
	}
}

// observeTarget counts what becomes of a target.
func (r *Observer) observeTarget(e record.Event) {
	m := r.metrics
	switch e := e.(type) {
	case record.TargetPaused:
		m.pauses.WithLabelValues(r.campaign, r.target(e.Target), string(e.Reason)).Inc()
		r.set(m.paused, r.paused, e.Target, true)
	case record.TargetResumed:
		r.set(m.paused, r.paused, e.Target, false)
	case record.TargetDown:
		r.set(m.down, r.down, e.Target, true)
	case record.TargetUp:
		r.set(m.down, r.down, e.Target, false)
	}
}

func (r *Observer) hold(more int) {
	r.active += more
	r.metrics.activeTrials.WithLabelValues(r.campaign).Add(float64(more))
}

func (r *Observer) turn(target string, t record.Turn) {
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
func (r *Observer) set(gauge *prometheus.GaugeVec, state map[string]bool, target string, holds bool) {
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

func (r *Observer) ended(e record.RunEnded) {
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

func (r *Observer) target(name string) string { return r.metrics.name(r.metrics.targets, name) }
