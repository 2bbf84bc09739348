package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

// progress shows how a run goes on: a bar that is redrawn on a terminal, a line
// for each finished trial elsewhere. It is an engine.Observer, and the writer
// that everything else must go through while the bar is on the screen.
type progress struct {
	out      printable
	terminal bool

	mu    sync.Mutex
	bar   *progressbar.ProgressBar // nil while there is none on the screen
	total int
	tally stats.Tally
	// paused are the targets that are waited for. As long as there are some, tick
	// redraws the bar every second.
	paused pauses
	tick   *time.Timer
}

func newProgress(env Env) *progress {
	return &progress{out: printable{env.Stderr}, terminal: env.Terminal, paused: pauses{}}
}

// begin announces the run and puts the bar on the screen. done are the trials that
// were held before.
func (p *progress) begin(run string, trials int, done map[string]core.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := ""
	if len(done) > 0 {
		before = fmt.Sprintf(", %d of them held before", len(done))
	}
	fmt.Fprintf(p.out, "run %s: %s%s\n", run, count(trials, "trial"), before)
	p.total = trials
	for _, outcome := range done {
		p.tally.Add(outcome)
	}
	if p.terminal {
		// The line has to fit into 80 columns: one that wraps is not redrawn
		// but repeated.
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

// Observe takes an event of the engine.
func (p *progress) Observe(e record.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := e.(type) {
	case record.TrialEnded:
		p.tally.Add(e.Result.Outcome)
		p.trialEnded(e)
	case record.Warning:
		p.warn(e)
	default:
		if !p.paused.observe(e) {
			return // nothing that is shown
		}
	}
	p.redraw()
}

func (p *progress) trialEnded(e record.TrialEnded) {
	if p.bar == nil {
		fmt.Fprintf(p.out, "%*d/%d  %-12s  %s: %s\n", len(fmt.Sprint(p.total)), p.tally.Total(), p.total,
			e.Result.Outcome, e.Trial.ID, cell(e.Result.Reason))
	}
}

func (p *progress) warn(e record.Warning) {
	p.clear()
	if e.Trial.ID != "" {
		fmt.Fprintf(p.out, "warning: %s: %s\n", e.Trial.ID, cell(e.Message))
		return
	}
	fmt.Fprintf(p.out, "warning: %s\n", cell(e.Message))
}

func (p *progress) redraw() {
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

// countDown redraws the bar while a target is paused.
func (p *progress) countDown() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick = nil
	p.redraw()
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// Write prints whole lines above the bar.
func (p *progress) Write(lines []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	n, err := p.out.Write(lines)
	p.redraw()
	return n, err
}

// finish takes the bar off the screen.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.bar = nil
	if p.tick != nil {
		p.tick.Stop()
	}
}
