package eventlog

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Observe writes an event of the engine.
func (l *Log) Observe(e record.Event) {
	switch e := e.(type) {
	case record.RunStarted:
		l.write(line{Event: "run_started", Campaign: e.Campaign, Part: part(e.Selection), Trials: &trials{Planned: e.Trials, Before: e.Done}})
	case record.RunEnded:
		l.write(l.runEnded(e))
	case record.BoundReached:
		l.write(line{Event: "bound_reached", Detail: e.Why})
	case record.Warning:
		l.write(l.of(e.Trial, line{Event: "warning", Message: l.contents(e.Message)}))
	case record.TargetPaused:
		l.write(line{Event: "target_paused", Target: e.Target, Seconds: seconds(e.For), Reason: string(e.Reason)})
	case record.TargetResumed:
		l.write(line{Event: "target_resumed", Target: e.Target})
	case record.TargetDown:
		l.write(line{Event: "target_down", Target: e.Target, ErrorKind: string(e.Kind)})
	case record.TargetUp:
		l.write(line{Event: "target_up", Target: e.Target, Seconds: seconds(e.After)})
	case record.RequestRetried:
		l.write(line{Event: "request_retried", Target: e.Target, Request: requestOf(e), Try: e.Try, ErrorKind: string(e.Kind)})
	default:
		l.observeTrial(e)
	}
}

// observeTrial writes an event of a trial.
func (l *Log) observeTrial(e record.Event) {
	switch e := e.(type) {
	case record.TrialStarted:
		l.write(l.of(e.Trial, line{Event: "trial_started", Target: e.Trial.Target}))
	case record.TurnEnded:
		l.write(l.of(e.Trial, l.turn(line{Event: "turn_ended", Turn: e.Turn.Index + 1, Target: e.Trial.Target}, e.Turn)))
	case record.ConverterEnded:
		l.write(l.of(e.Trial, l.failed(line{Event: "converter_ended", Turn: e.Turn + 1, Component: e.Name, Seconds: seconds(e.Took)}, e.Failure)))
	case record.ScorerEnded:
		l.write(l.of(e.Trial, l.score(e)))
	case record.HelperTurnEnded:
		l.write(l.of(e.Trial, l.turn(line{Event: "helper_turn_ended", Turn: e.Turn.For + 1, Target: e.Turn.Target, Component: e.Turn.By}, e.Turn.Turn)))
	case record.TrialEnded:
		r := e.Result
		ended := line{Event: "trial_ended", Target: e.Trial.Target, Outcome: string(r.Outcome), Seconds: seconds(e.Took), Usage: usage(r.Usage), Turns: r.Turns}
		ended = l.failed(ended, r.Failure)
		ended.Message = l.contents(r.Reason)
		l.write(l.of(e.Trial, ended))
	case record.TrialInterrupted:
		l.write(l.of(e.Trial, line{Event: "trial_interrupted", Seconds: seconds(e.Took)}))
	}
}

// Process is an event of a plugin's process.
type Process struct {
	Plugin string
	// What is started, restarting, died or stopped.
	What   string
	PID    int
	Deaths int
	// Reason is why it died.
	Reason string
}

// Process writes an event of a plugin's process.
func (l *Log) Process(p Process) {
	l.write(line{Event: "plugin_" + p.What, Plugin: p.Plugin, PID: p.PID, Deaths: p.Deaths, Detail: l.clean(p.Reason)})
}

// Refused writes that a plugin's connection to a host was refused.
func (l *Log) Refused(plugin, host, why string) {
	l.write(line{Event: "connection_refused", Plugin: plugin, Host: l.clean(host), Detail: l.clean(why)})
}

func (l *Log) runEnded(e record.RunEnded) line {
	t := e.Summary.Tally
	ended := line{
		Event: "run_ended", Status: string(e.Status()), Seconds: seconds(e.Summary.Duration), Usage: usage(e.Summary.Usage),
		Trials: &trials{Planned: e.Summary.Planned, Succeeded: t.Succeeded, Defended: t.Defended, Undetermined: t.Undetermined, Errored: t.Errored},
	}
	return l.failed(ended, e.Failure)
}

func (l *Log) of(t record.TrialInfo, e line) line {
	e.Trial, e.Attack, e.Attempt = t.ID, t.Attack, t.Attempt
	return e
}

// turn adds a message and its reply.
func (l *Log) turn(e line, t record.Turn) line {
	e.Seconds = seconds(t.Ended.Sub(t.Started))
	if t.Reply != nil {
		e.Finish, e.Usage = string(t.Reply.Finish), usage(t.Reply.Usage)
		e.Reply = l.said(t.Reply.Message)
	}
	e.Sent = l.said(t.Sent)
	return l.failed(e, t.Failure)
}

func (l *Log) score(e record.ScorerEnded) line {
	scored := line{Event: "scorer_ended", Turn: e.Turn + 1, Component: e.Score.Name, Seconds: seconds(e.Took)}
	if e.Score.Type != core.ScoreUnknown {
		scored.Score = &e.Score.Value
	}
	scored = l.failed(scored, e.Score.Failure)
	scored.Message = l.contents(e.Score.Rationale)
	return scored
}

// failed adds a failure. Its text may quote the conversation.
func (l *Log) failed(e line, f *record.Failure) line {
	if f != nil {
		e.ErrorKind, e.Message = string(f.Kind), l.contents(f.Message)
	}
	return e
}

// contents returns a text that may quote the conversation, if contents are
// enabled.
func (l *Log) contents(text string) string {
	if !l.options.Contents {
		return ""
	}
	return l.clean(text)
}

func (l *Log) said(m core.Message) []said {
	if !l.options.Contents {
		return nil
	}
	var all []said
	for _, p := range m.Parts {
		one := said{Role: string(m.Role), Modality: string(p.Modality)}
		if p.IsText() {
			one.Text = l.clean(string(p.Data))
		} else {
			one.Bytes = len(p.Data)
		}
		all = append(all, one)
	}
	return all
}

func (l *Log) clean(text string) string { return l.options.Redactor.String(text) }

// part returns the part of the campaign that a run holds; nil for the whole of it.
func part(s record.Selection) *record.Selection {
	if s.IsWhole() {
		return nil
	}
	return &s
}

func requestOf(e record.RequestRetried) string {
	if e.Start {
		return "start"
	}
	return "send"
}
