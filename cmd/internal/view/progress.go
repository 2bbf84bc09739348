package view

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// Progress shows the progress of a run: on a terminal as a bar, otherwise as a
// line for each finished trial. It is an engine.Observer, and the writer for
// all other output while the bar is on the screen. It is safe for concurrent
// use.
type Progress struct {
	out      printable
	terminal bool

	mu    sync.Mutex
	bar   *progressbar.ProgressBar // nil while none is on the screen
	total int
	tally stats.Tally
	// warnings counts the warnings of trials.
	warnings int
	// paused are the targets that are paused. As long as there are some, tick
	// redraws the bar every second.
	paused pauses
	tick   *time.Timer
}

// NewProgress returns a Progress that writes to w. terminal says whether w is a
// terminal.
func NewProgress(w io.Writer, terminal bool) *Progress {
	return &Progress{out: printable{w}, terminal: terminal, paused: pauses{}}
}

// Begin announces the run and draws the bar. done are the outcomes of trials
// that already have one, by ID.
func (p *Progress) Begin(run string, trials int, done map[string]core.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := ""
	if len(done) > 0 {
		before = fmt.Sprintf(", %d of them held before", len(done))
	}
	fmt.Fprintf(p.out, "run %s: %s%s\n", run, phrase.Count(trials, "trial"), before)
	p.total = trials
	for _, outcome := range done {
		p.tally.Add(outcome)
	}
	if p.terminal {
		// The line has to fit into 80 columns: a line that wraps is repeated
		// and not redrawn.
		p.bar = progressbar.NewOptions(trials,
			progressbar.OptionSetWriter(p.out.w),
			progressbar.OptionUseANSICodes(true),
			progressbar.OptionShowCount(),
			progressbar.OptionSetWidth(10),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
		)
	}
	p.redraw()
}

// Observe shows an event of the run.
func (p *Progress) Observe(e record.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case record.TrialEnded:
		if !e.More {
			p.tally.Add(e.Result.Outcome)
		}
		p.trialEnded(e)
	case record.Warning:
		p.warn(e)
	default:
		if !p.paused.observe(e) {
			return // an event that is not shown
		}
	}
	p.redraw()
}

func (p *Progress) trialEnded(e record.TrialEnded) {
	if p.bar == nil {
		fmt.Fprintf(p.out, "%*d/%d  %-12s  %s: %s\n", len(fmt.Sprint(p.total)), p.tally.Total(), p.total,
			e.Result.Outcome, e.Trial.ID, phrase.OneLine(e.Result.Reason))
	}
}

func (p *Progress) warn(e record.Warning) {
	p.clear()
	if e.Trial.ID != "" {
		p.warnings++
		fmt.Fprintf(p.out, "warning: %s: %s\n", e.Trial.ID, phrase.OneLine(e.Message))
		return
	}
	fmt.Fprintf(p.out, "warning: %s\n", phrase.OneLine(e.Message))
}

func (p *Progress) redraw() {
	if p.bar == nil {
		return
	}
	text := p.paused.String()
	if text == "" {
		text = fmt.Sprintf("%d succeeded, %d errored", p.tally.Succeeded, p.tally.Errored)
	} else if p.tick == nil {
		p.tick = time.AfterFunc(time.Second, p.countDown)
	}
	p.bar.Describe(text)
	_ = p.bar.Set(p.tally.Total())
}

// Warnings returns how many warnings of trials there were.
func (p *Progress) Warnings() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.warnings
}

// countDown redraws the bar while a target is paused.
func (p *Progress) countDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick = nil
	p.redraw()
}

func (p *Progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// Write prints whole lines above the bar.
func (p *Progress) Write(lines []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.out.Write(lines)
	p.redraw()
	return n, err
}

// Finish removes the bar.
func (p *Progress) Finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.bar = nil
	if p.tick != nil {
		p.tick.Stop()
	}
}
