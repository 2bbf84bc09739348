package cli_test

import (
	"errors"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/store"
	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// scale is how large a run these tests carry out, and how often they cut it off.
type scale struct{ trials, kills int }

const (
	turns       = 3 // of a trial of startThree
	concurrency = 4
)

// endurance returns a small scale, or the large one that the environment variable
// ENDURANCE asks for, as trials and kills: 2000x20, which 1 stands for, too.
func endurance(t *testing.T) scale {
	t.Helper()
	asked := os.Getenv("ENDURANCE")
	if asked == "" {
		return scale{30, 3}
	}
	if asked == "1" {
		asked = "2000x20"
	}
	trials, kills, _ := strings.Cut(asked, "x")
	n, err := strconv.Atoi(trials)
	k, err2 := strconv.Atoi(kills)
	if err = errors.Join(err, err2); err != nil || n < 10*k {
		t.Fatalf("ENDURANCE=%s: want trials and kills, at least ten times as many, such as 2000x20 (%v)", asked, err)
	}
	return scale{n, k}
}

// hazard strikes at random moments of a run, measured in the turns that its target
// was asked: spread over the run, and never two within a few turns.
type hazard struct {
	*testing.T
	scale
	// takes is how long the target takes for an answer.
	takes   time.Duration
	random  *rand.Rand
	asked   atomic.Int64
	due     atomic.Int64
	reached chan struct{}
}

func newHazard(t *testing.T, s scale) *hazard {
	h := &hazard{T: t, scale: s, takes: 5 * time.Millisecond, random: rand.New(rand.NewPCG(5, 1)), reached: make(chan struct{}, 1)}
	h.arm()
	return h
}

// arm chooses the next moment. All of them are before the end of the run.
func (h *hazard) arm() {
	h.due.Store(h.asked.Load() + concurrency + 1 + h.random.Int64N(int64(h.trials*turns/h.kills/2)))
}

// answer is called before the target answers a turn.
func (h *hazard) answer(int) {
	if h.asked.Add(1) == h.due.Load() {
		h.reached <- struct{}{}
	}
	time.Sleep(h.takes)
}

// await returns at the moment that was chosen.
func (h *hazard) await(p *program) {
	h.Helper()
	select {
	case <-h.reached:
	case <-p.ended:
		h.Fatalf("the run ends before it is cut off:\n%s", p.output)
	case <-time.After(patience):
		h.Fatalf("the run does not come to the next moment:\n%s", p.output)
	}
	time.Sleep(time.Duration(h.random.Int64N(int64(10 * time.Millisecond)))) // any moment may be the wrong one
}

func TestARunThatIsKilledAtRandomMomentsIsFinishedAndNothingIsHeldTwice(t *testing.T) {
	t.Parallel()
	for _, resume := range []string{"restart", "continue"} {
		t.Run(resume, func(t *testing.T) {
			h := newHazard(t, endurance(t))
			target := newPractice(t, h.answer)
			p := startThreeAs(t, target.endpoint(), h.trials, resume)
			for range h.kills {
				h.await(p)
				p.signal(syscall.SIGKILL)
				p.exit()
				h.arm()
				p = p.resume()
			}
			p.ends(1)
			h.checkHeldOnce(p, target, resume)
		})
	}
}

// checkHeldOnce checks the record of a run that was killed, and how much of it the
// target was told twice.
func (h *hazard) checkHeldOnce(p *program, target *practice, resume string) {
	run := p.run()
	if run.Status != store.Finished || len(run.Sessions) != h.kills+1 || run.Outcomes[core.Succeeded] != h.trials {
		h.Errorf("the run is %s after %d sessions, with outcomes %v; want all %d succeeded after %d", run.Status, len(run.Sessions), run.Outcomes, h.trials, h.kills+1)
	}
	served := target.realtime.Stats().Responses
	recorded := p.number(`SELECT count(*) FROM turns`)
	last := p.number(`SELECT count(*) FROM turns JOIN trials ON trials.id = turns.trial_id AND trials.attempt = turns.attempt`)
	inFlight, again := served-recorded, recorded-last
	h.Logf("killed %d times: %d trials, each with one outcome; the target served %d turns for %d: %d were in flight at a kill, and %d were of conversations that a kill cut off and that began again",
		h.kills, h.trials, served, h.trials*turns, inFlight, again)
	if last != h.trials*turns {
		h.Errorf("the attempts that count have %d turns, want %d", last, h.trials*turns)
	}
	if inFlight < 0 || inFlight > h.kills*concurrency {
		h.Errorf("%d turns were served and not recorded, want at most the %d in flight at %d kills", inFlight, h.kills*concurrency, h.kills)
	}
	if most := h.kills * concurrency * (turns - 1); again > most || resume == "continue" && again > 0 {
		h.Errorf("%d turns were held in earlier attempts, want at most those of the conversations that were open at a kill, and none where they go on", again)
	}
}

// run reads the only run from the record.
func (p *program) run() store.Run {
	p.t.Helper()
	s, err := store.OpenReader(p.t.Context(), p.store)
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.Close()
	run, err := s.Run(p.t.Context(), "latest")
	if err != nil {
		p.t.Fatal(err)
	}
	return run
}

func TestAPluginThatIsKilledAtRandomMomentsErrsOnlyWhatWasInFlight(t *testing.T) {
	t.Parallel()
	// Three deaths are forgiven at any time, and more where the plugin has lived for
	// ten seconds before.
	const atAnyTime, lives = 3, 11 * time.Second
	size, large := endurance(t), true
	if size.kills < 10 {
		size.kills, large = atAnyTime, false
	}
	h := newHazard(t, size)
	if large {
		h.takes = 6 * time.Duration(h.kills) * lives / 5 / time.Duration(h.trials*turns/concurrency)
	}
	target := newPractice(t, h.answer)
	p := startThree(t, target.endpoint(), h.trials)
	for range h.kills {
		if large {
			time.Sleep(lives)
		}
		h.await(p)
		for _, id := range p.plugins() {
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
		h.arm()
	}
	eventually(t, 10*patience, "the run ends", func() bool {
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	p.ends(1)
	h.checkErrored(p, target)
}

// checkErrored checks that a run which nobody resumed has errored trials for what
// was in flight, and no others.
func (h *hazard) checkErrored(p *program, target *practice) {
	run := p.run()
	served, recorded := target.realtime.Stats().Responses, p.number(`SELECT count(*) FROM turns WHERE reply IS NOT NULL`)
	errored, succeeded := run.Outcomes[core.Errored], run.Outcomes[core.Succeeded]
	h.Logf("cut off %d times: %d of %d trials succeeded, %d errored; the target served %d turns, of which %d are recorded", h.kills, succeeded, h.trials, errored, served, recorded)
	if run.Status != store.Finished || succeeded+errored != h.trials || errored > h.kills*concurrency {
		h.Errorf("the run is %s with outcomes %v; want all %d succeeded but at most %d a time", run.Status, run.Outcomes, h.trials, concurrency)
	}
	if lost := served - recorded; lost < 0 || lost > h.kills*concurrency || served > h.trials*turns {
		h.Errorf("%d turns were served, %d of them not recorded; want none twice", served, lost)
	}
}

// restartable is a practice target that can be stopped, and started again at its
// address.
type restartable struct {
	*practice
	t       *testing.T
	agent   realtimetest.Agent
	address string
	// before are the responses of those that were stopped.
	before int
}

func startRestartable(t *testing.T, a realtimetest.Agent) *restartable {
	r := &restartable{t: t, agent: a, address: "127.0.0.1:0"}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *restartable) start() {
	r.t.Helper()
	listener, err := net.Listen("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = listener.Addr().String()
	realtime := realtimetest.NewServer(r.agent, realtimetest.Options{APIKey: apiKey})
	server := httptest.NewUnstartedServer(realtime)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	r.practice = &practice{Server: server, realtime: realtime}
}

func (r *restartable) stop() {
	r.before += r.realtime.Stats().Responses
	_ = r.realtime.Close()
	r.Close()
}

func TestATargetThatIsStoppedAndStartedAgainIsWaitedFor(t *testing.T) {
	t.Parallel()
	size := endurance(t)
	size.kills = min(size.kills, 5)
	h := newHazard(t, size)
	target := startRestartable(t, writer{&agent.Agent{}, h.answer})
	p := startThree(t, target.endpoint(), h.trials)
	for range h.kills {
		h.await(p)
		down := strings.Count(p.output.String(), "cannot be reached")
		target.stop()
		eventually(t, patience, "the run notices", func() bool { return strings.Count(p.output.String(), "cannot be reached") > down })
		target.start()
		h.arm()
	}
	if code := p.exit(); code != 1 && code != 3 {
		t.Fatalf("exit code %d:\n%s", code, p.output)
	}
	run := p.run()
	errored, succeeded := run.Outcomes[core.Errored], run.Outcomes[core.Succeeded]
	t.Logf("stopped %d times: %d of %d trials succeeded, %d errored; the target served %d turns in %s", h.kills, succeeded, h.trials, errored, target.before+target.realtime.Stats().Responses, run.Ended.Sub(run.Started).Round(time.Millisecond))
	if run.Status != store.Finished || succeeded+errored != h.trials || errored > h.kills*concurrency {
		t.Errorf("the run is %s with outcomes %v; want all %d succeeded but at most %d a time", run.Status, run.Outcomes, h.trials, concurrency)
	}
	if back := strings.Count(p.output.String(), "answers again"); back != h.kills {
		t.Errorf("%d times the run says that the target answers again, want %d:\n%s", back, h.kills, p.output)
	}
}
