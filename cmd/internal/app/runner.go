package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
	"github.com/redteam-orchestrator/orchestrator/core/eventlog"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/core/telemetry"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// Runner runs campaigns. All its fields have to be set, except Observers and
// LogContents; a replay, which plans from the record, uses an empty Planner, and
// [Runner.Greet] takes fewer.
// Runner keeps no state of a run.
type Runner struct {
	Planner *Planner
	// Store opens the store for writing. It is called once for each run, as
	// late as possible: an invalid campaign leaves nothing in the store.
	Store    func(ctx context.Context) (*store.Store, error)
	Reporter Reporter
	Log      Log
	// Observers receive the events of the run, too.
	Observers []engine.Observer
	// Redactor is given the secrets of the run.
	Redactor *secret.Redactor
	// Version is that of this program.
	Version string
	// LogContents has the event log hold the content of conversations.
	LogContents bool
}

// Run carries out spec. With an error the outcome is valid, too, if its Verdict
// is not NoVerdict.
func (r *Runner) Run(ctx context.Context, spec Spec) (out Outcome, err error) {
	if spec.Kind == Replay {
		return r.replay(ctx, spec)
	}
	runs := &lazyStore{open: r.Store}
	defer func() { err = errors.Join(err, runs.close()) }()
	loaded, err := r.load(ctx, spec, runs)
	if err != nil {
		return Outcome{}, err
	}
	defer loaded.release()
	if err := r.choose(loaded); err != nil {
		return Outcome{}, err
	}
	follow, err := r.follow(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, follow.close()) }()
	run := &activeRun{goOn: spec.GoOn, reporter: r.Reporter, log: r.Log, follow: follow}
	proxy := egress.New(egress.Options{Record: run.recordConnection})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	h, catalog, err := r.Planner.Plugins.start(ctx, loaded.choice.Programs, proxy, follow)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	p, err := r.Planner.plan(ctx, loaded, h, catalog)
	if err != nil {
		return Outcome{}, err
	}
	if err := cmp.Or(checkOpenFiles(p, catalog, r.Planner.OpenFiles), permit(ctx, h, p, loaded.campaign.Scope.Hosts, proxy)); err != nil {
		return Outcome{}, err
	}
	if run.store, err = runs.get(ctx); err != nil {
		return Outcome{}, err
	}
	run.plan, run.options = p, r.options(follow)
	run.options.Components.Opener = func(targets core.Targets) core.Opener { return h.Using(targets) }
	run.options.Components.Secrets = r.Planner.Secrets.Lookup(loaded.campaign.File)
	if err := r.prepare(ctx, spec, loaded, catalog, run); err != nil {
		return Outcome{}, err
	}
	// The proxy reports a connection that a plugin keeps open when it is
	// closed.
	summary, err := run.execute(ctx, proxy.Close)
	return r.conclude(ctx, run, summary, err)
}

// tell prints what the campaign is given from outside of its file, and warnings about it.
func (r *Runner) tell(l *loadedCampaign, p *plan.Plan) {
	for _, v := range l.values() {
		r.Log.Note(v.String())
	}
	r.warn(l, p)
}

// warn prints warnings about a campaign.
func (r *Runner) warn(l *loadedCampaign, p *plan.Plan) {
	for _, warning := range l.warnings(p) {
		r.Log.Warn(warning)
	}
	for _, doubt := range l.doubts {
		r.Log.WarnOf(doubt, l.campaign.Source)
	}
}

// load reads the campaign from its file, or from the record of the run that is
// resumed.
func (r *Runner) load(ctx context.Context, spec Spec, runs *lazyStore) (*loadedCampaign, error) {
	if spec.Kind == Resume {
		return claim(ctx, spec, runs)
	}
	given, selection := campaign.Given{}, spec.Selection
	if spec.Kind == Rescore {
		given, selection = campaign.Given{Settings: settingsOf(spec.From, true), WasHeld: true}, spec.From.Selection
	}
	l, err := r.Planner.load(ctx, spec.File, given)
	if err == nil {
		l.selection, l.isJudged = selection, spec.Kind == Rescore
	}
	return l, err
}

// choose chooses the plugins, and returns an error, before anything is started,
// for plugins that are not the locked ones. Where the user allows these, it
// warns of each.
func (r *Runner) choose(l *loadedCampaign) error {
	if err := r.Planner.choose(l); err != nil {
		return err
	}
	problems := slices.Concat(l.problems, l.choice.Problems)
	for _, p := range l.choice.PassedOver {
		r.Log.WarnOf(p, l.campaign.Source)
	}
	for _, q := range l.campaign.Plugins {
		unlocked, ok := l.choice.Unlocked[q.Name]
		switch {
		case ok && r.Planner.AllowUnlocked:
			unlocked.Message = fmt.Sprintf("plugin %q runs UNLOCKED: its program is whatever is installed now", q.Name)
			r.Log.WarnOf(unlocked, l.campaign.Source)
		case ok:
			unlocked.Hint += "; --allow-unlocked runs it as it is"
			problems = append(problems, unlocked)
		}
	}
	if len(problems) > len(l.problems) {
		return CampaignError{problems.Sorted(), l.campaign.Source}
	}
	for _, c := range l.companions.needed {
		if c.SHA256 == "" && !r.Planner.Plugins.attached(c.Name) {
			r.Log.Warn(fmt.Sprintf("plugin %q runs UNLOCKED: this orchestrator was built without its checksum, as from a source tree (%s)", c.Name, c.Path))
		}
	}
	return nil
}

// follow opens the event log and the trace.
func (r *Runner) follow(ctx context.Context) (*followers, error) {
	traces, err := telemetry.Start(ctx, telemetry.Options{
		LookupEnv: r.Planner.Secrets.LookupEnv, Version: r.Version, Redactor: r.Redactor, Warn: r.Log.Warn,
	})
	if err != nil {
		return nil, err
	}
	return &followers{log: r.eventLog(), traces: traces}, nil
}

func (r *Runner) eventLog() *eventlog.Log {
	return eventlog.New(eventlog.Options{Contents: r.LogContents, Redactor: r.Redactor, Warn: r.Log.Warn})
}

func (r *Runner) recorder() recorder {
	return recorder{files: r.Planner.Files, redactor: r.Redactor, log: r.Log, version: r.Version}
}

// options are those of the engine, except for its components and the record.
func (r *Runner) options(f *followers) engine.Options {
	observer := f.observer(append([]engine.Observer{r.Reporter}, r.Observers...)...)
	return engine.Options{Watchers: engine.Watchers{Observer: observer, Tracer: f.tracer()}, Redactor: r.Redactor}
}

// prepare tells what the campaign is given, and sets how the run is recorded, and
// what is done with its record afterwards.
func (r *Runner) prepare(ctx context.Context, spec Spec, l *loadedCampaign, catalog *host.Catalog, run *activeRun) (err error) {
	r.tell(l, run.plan)
	switch spec.Kind {
	case Resume:
		err = r.recorder().resume(spec, l, catalog, run)
	case Rescore:
		return r.recorder().rescore(ctx, spec, l, catalog, run)
	default:
		r.recorder().begin(spec, l, catalog, run)
	}
	if err != nil {
		return err
	}
	post := postRun{store: run.store, reporter: r.Reporter, log: r.Log}
	run.post, err = post.prepare(ctx, l.campaign, spec, r.Planner.Secrets, r.Redactor)
	return err
}

// conclude closes the record in any case, and returns the outcome. err is the
// error of the engine or the record.
func (r *Runner) conclude(ctx context.Context, run *activeRun, summary record.Summary, err error) (Outcome, error) {
	journal := run.journal.Load()
	if journal == nil {
		return Outcome{}, notBegun(summary, err)
	}
	out := Outcome{Run: journal.Run()}
	reading := context.WithoutCancel(ctx)
	err = run.finish(summary, err)
	if _, ok := errors.AsType[engine.Unexpected](err); ok {
		return out, err // the replay differs from the record, so that there is no verdict
	}
	counts, readErr := run.store.Counts(reading, out.Run)
	again, againErr := run.store.HeldAgain(reading, out.Run)
	recorded, runErr := run.store.Run(reading, out.Run)
	end := endingOf(summary, err)
	recorded.ID = out.Run // also where it cannot be read
	c := conclusionOf(run.plan.Name, run.plan.Evidence, recorded, summary, counts, end)
	c.HeldAgain = again
	if _, removed := errors.AsType[removedError](err); end != finished && !removed {
		c.GoOn = run.goOn(out.Run)
	}
	r.Reporter.Conclude(c)
	out.Verdict, out.Why = c.Verdict, c.Why
	if run.post != nil && err == nil && !summary.Interrupted { // an interrupted run may be resumed
		out.Headline = run.post.follow(ctx, out.Run)
	}
	return out, errors.Join(err, readErr, againErr, runErr)
}

// notBegun explains why a run sent nothing and left no record.
func notBegun(summary record.Summary, err error) error {
	if err == nil && summary.Interrupted {
		return fmt.Errorf("stopped before anything was sent: %w", context.Canceled)
	}
	if err == nil && summary.Stopped != "" {
		return fmt.Errorf("stopped before anything was sent by %s", summary.Stopped)
	}
	return err
}

// replay runs a recorded run from its record, as a run of its own, and compares
// the two. It starts no plugin.
func (r *Runner) replay(ctx context.Context, spec Spec) (out Outcome, err error) {
	s, err := r.Store(ctx)
	if err != nil {
		return Outcome{}, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, recorded, err := replayedPlan(ctx, s.Reader, spec.From)
	if err != nil {
		return Outcome{}, err
	}
	run := &activeRun{plan: p, store: s, goOn: spec.GoOn, reporter: r.Reporter, log: r.Log, follow: &followers{log: r.eventLog()}}
	unbound := context.WithoutCancel(ctx)
	attempts, err := readAttempts(ctx, s.Reader, spec.From.ID)
	if err != nil {
		return Outcome{}, err
	}
	attempts.addTo(p)
	player := cassette.NewPlayer(func(trial string, n int) ([]record.RecordedCall, error) {
		return s.Calls(unbound, spec.From.ID, trial, attempts.number(trial, n))
	})
	run.options = r.options(run.follow)
	run.options.Components.Opener, run.options.Replayer = player.Opener, player
	run.begin = func(ctx context.Context) (*store.Journal, error) {
		return s.CreateRun(ctx, r.recorder().replayOf(spec.From, filesOf(recorded), len(p.Trials)))
	}
	summary, err := run.execute(ctx, run.follow.close)
	out, err = r.conclude(ctx, run, summary, err)
	if out.Verdict == NoVerdict || out.Verdict == Interrupted {
		return out, err
	}
	if different := diffRecords(ctx, s.Reader, spec.From.ID, out.Run); different != nil {
		out.Verdict = NoVerdict // a replay that differs has no verdict
		return out, different
	}
	return out, err
}
