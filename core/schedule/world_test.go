package schedule_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/schedule"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// nightly is the name of the schedule, and takes how long its runs take.
const (
	nightly = "nightly"
	takes   = 30 * time.Minute
)

// world is what stays when a process dies: the store, and what was really done.
type world struct {
	t    *testing.T
	dir  string
	spec schedule.Spec
	// broken is what reading the campaign fails with.
	broken error
	// unreadable is what reading the schedule's state fails with.
	unreadable error
	// outcome is what runs come to.
	outcome schedule.Outcome

	mu sync.Mutex
	// done is what was done with runs, in its order.
	done []string
	log  strings.Builder
}

// emptyStore is a folder with a store that holds nothing yet. Worlds begin with a
// copy, so that the tables are made once.
var emptyStore = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "empty-store-"); err != nil {
		return "", err
	}
	s, err := store.Open(context.Background(), dir)
	if err != nil {
		return dir, err
	}
	return dir, s.Close()
})

func TestMain(m *testing.M) {
	code := m.Run()
	dir, _ := emptyStore()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func newWorld(t *testing.T, text string, overlap schedule.Overlap) *world {
	t.Helper()
	empty, err := emptyStore()
	must(t, err)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(empty)))
	return &world{t: t, dir: dir, outcome: schedule.Clean, spec: schedule.Spec{
		Cron: cron(t, text), Zone: time.UTC, Overlap: overlap, Catchup: schedule.DefaultCatchup,
	}}
}

func (w *world) note(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = append(w.done, fmt.Sprintf(format, args...))
}

// change changes what processes find.
func (w *world) change(what func()) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	what()
}

// read is how processes find the campaign.
func (w *world) read(string) (string, schedule.Spec, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return nightly, w.spec, w.broken
}

// comesTo is what a run of a process comes to, unless the process is dead.
func (p *process) comesTo() (o schedule.Outcome, dead bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outcome, p.dead
}

// moment of a run at which a process may die.
type place int

const (
	nowhere place = iota
	claimed       // before the record of the run begins
	halfway
	finished // before the scheduler hears of it
)

// panics is the outcome of a run that panics.
const panics schedule.Outcome = "panic"

// process is a scheduler with its store.
type process struct {
	*world
	store *store.Store
	// stuck is where its runs stay.
	stuck place
	dead  bool
	ended []schedule.Ended
	stop  context.CancelFunc
	over  chan struct{}
}

func (w *world) start(stuck place) *process {
	w.t.Helper()
	s, err := store.Open(w.t.Context(), w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	p := &process{world: w, store: s, stuck: stuck, over: make(chan struct{})}
	scheduler, err := schedule.New([]string{"nightly.yaml"}, schedule.Options{
		Store: p, Runner: p, NewID: p.newID, Now: time.Now, Poll: time.Minute,
		Read: w.read,
		Log: func(name, line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			fmt.Fprintf(&w.log, "%s %s: %s\n", time.Now().Format("15:04:05"), name, line)
		},
		Ended: func(_ context.Context, e schedule.Ended) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.ended = append(p.ended, e)
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(w.t.Context())
	p.stop = stop
	go func() {
		defer close(p.over)
		scheduler.Run(ctx)
	}()
	synctest.Wait()
	return p
}

// newID names a run by when it was claimed.
func (*process) newID(at time.Time) string { return at.UTC().Format("1504.05") }

// kill ends a process as kill -9 does: nothing more is kept.
func (p *process) kill() {
	p.change(func() { p.dead = true })
	p.end()
}

// end stops a process in an orderly way.
func (p *process) end() {
	p.t.Helper()
	p.stop()
	<-p.over
	if err := p.store.Close(); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) Schedule(ctx context.Context, name string) (schedule.State, error) {
	p.mu.Lock()
	unreadable := p.unreadable
	p.mu.Unlock()
	if unreadable != nil {
		return schedule.State{}, unreadable
	}
	return p.store.Schedules().Schedule(ctx, name)
}

func (p *process) SaveSchedule(ctx context.Context, c schedule.Change) error {
	if _, dead := p.comesTo(); dead {
		return errors.New("this process is dead")
	}
	return p.store.Schedules().SaveSchedule(ctx, c)
}

func (p *process) PreviousRun(ctx context.Context, name, run string) (string, error) {
	return p.store.Schedules().PreviousRun(ctx, name, run)
}

// Run carries a run out with a record of its own.
func (p *process) Run(ctx context.Context, job schedule.Job) schedule.Result {
	stopped := schedule.Result{Outcome: schedule.Interrupted}
	outcome, _ := p.comesTo()
	if outcome == panics {
		panic("as the test has it")
	}
	if p.stuck == claimed {
		<-ctx.Done()
		return stopped
	}
	journal, err := p.journal(ctx, job)
	if errors.Is(err, store.ErrFinished) {
		return schedule.Result{Outcome: outcome, Why: "it was finished before"}
	}
	if err != nil {
		p.t.Error(err)
		return stopped
	}
	work := time.NewTimer(takes)
	if p.stuck == halfway {
		work.Stop()
	}
	select {
	case <-work.C:
	case <-ctx.Done():
		if _, dead := p.comesTo(); !dead {
			p.note("interrupt %s", job.Fire.Run)
			if err := journal.Finish(store.Interrupted, "", time.Now()); err != nil {
				p.t.Error(err)
			}
		}
		return stopped
	}
	p.note("finish %s", job.Fire.Run)
	if err = journal.Finish(store.Finished, "", time.Now()); err != nil {
		p.t.Error(err)
	}
	if p.stuck == finished {
		<-ctx.Done()
	}
	return schedule.Result{Outcome: outcome, Why: "as the test has it"}
}

func (p *process) journal(ctx context.Context, job schedule.Job) (*store.Journal, error) {
	if !job.Resume {
		p.note("begin %s", job.Fire.Run)
		return p.store.CreateRun(ctx, store.Run{ID: job.Fire.Run, Campaign: job.Schedule, Plan: "p", Started: time.Now()})
	}
	claim, err := p.store.Claim(ctx, job.Fire.Run)
	if err != nil {
		return nil, err
	}
	p.note("resume %s", job.Fire.Run)
	return claim.Resume(ctx, store.Session{Started: time.Now()})
}

// fires tells what became of the due times, the first one first.
func (w *world) fires() []schedule.Fire {
	w.t.Helper()
	s, err := store.OpenReader(w.t.Context(), w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	defer s.Close()
	found, err := s.Schedules().Fires(w.t.Context(), nightly, 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var all []schedule.Fire
	for i := range found {
		all = append(all, found[len(found)-1-i])
	}
	return all
}

// check compares what was done, and what became of the due times.
func (w *world) check(done, fires string) {
	w.t.Helper()
	if got := strings.Join(w.done, ", "); got != done {
		w.t.Errorf("done: %s\nwant: %s\n%s", got, done, w.log.String())
	}
	var became []string
	for _, f := range w.fires() {
		what := f.Due.Format("15:04 ") + string(f.Status)
		if f.Outcome != "" {
			what += " (" + string(f.Outcome) + ")"
		}
		became = append(became, what)
	}
	if got := strings.Join(became, ", "); got != fires {
		w.t.Errorf("fires: %s\nwant:  %s\n%s", got, fires, w.log.String())
	}
}

// at sleeps until a time of the first day, on a clock that costs no time.
func at(clock string) {
	when, err := time.Parse("2006-01-02 15:04", "2000-01-01 "+clock)
	if err != nil {
		panic(err)
	}
	time.Sleep(time.Until(when))
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}
