package plugins

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// reverseConfig is a configuration with restrictions.
type reverseConfig struct {
	Word string `json:"word" doc:"A word." enum:"a,b"`
	Size int    `json:"size" doc:"A size." min:"1" max:"9"`
}

type converter struct {
	convert func(ctx context.Context, in core.Value) (core.Value, error)
	close   func() error
}

func (c converter) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	return c.convert(ctx, in)
}
func (c converter) Close() error { return c.close() }

func component(name string, c core.Converter) core.Component {
	return core.NewConverter(core.Info{Name: name, In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}, reverseConfig{Word: "a", Size: 1},
		func(context.Context, reverseConfig) (core.Converter, error) { return c, nil })
}

func TestAnAuthorsMistakesAreFoundBeforeServing(t *testing.T) {
	type unknowable struct {
		C chan int `json:"c" doc:"None."`
	}
	unschemed := core.NewConverter(core.Info{Name: "x"}, unknowable{}, func(context.Context, unknowable) (core.Converter, error) { return nil, nil })
	type modelled struct {
		Jury []core.Model `json:"jury"`
	}
	selfish := core.NewTarget(core.Info{Name: "x"}, modelled{}, func(context.Context, modelled) (core.Target, error) { return nil, nil })
	alien := component("x", nil)
	alien.Info.In = []core.Modality{"smell"}
	for _, test := range []struct {
		name       string
		plugin     string
		components []core.Component
		want       string
	}{
		{"plugin name", "Acme Speech", nil, `"Acme Speech"`},
		{"component name", "acme", []core.Component{component("no good", nil)}, `converter "no good"`},
		{"two of a name", "acme", []core.Component{component("x", nil), component("x", nil)}, "two of that name"},
		{"no schema", "acme", []core.Component{unschemed}, "schema"},
		{"a target with a model", "acme", []core.Component{selfish}, `target "x": a target uses no other target`},
		{"no modality", "acme", []core.Component{alien}, `"smell"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := newOffer(Info{Name: test.plugin}, test.components)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %s", err, test.want)
			}
		})
	}
}

func TestAllComplaintsAboutAConfigurationComeAtOnce(t *testing.T) {
	o, err := newOffer(Info{Name: "acme"}, []core.Component{component("x", nil)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.find(core.KindConverter, "x", []byte(`{"word": "c", "size": 0}`))
	all, ok := errors.AsType[core.Errors](err)
	if !ok || len(all) != 2 || core.KindOf(err) != core.ErrorConfig || all[0].Field != "size" || all[1].Field != "word" {
		t.Fatalf("error %v, want two config errors with their fields", err)
	}
}

func TestAnInstanceIsClosedAfterItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []string
		release := make(chan struct{})
		c := converter{close: func() error { events = append(events, "closed"); return nil }}
		o, err := newOffer(Info{Name: "acme"}, []core.Component{component("x", c)})
		if err != nil {
			t.Fatal(err)
		}
		s := newInstances(o)
		id, err := s.add(t.Context(), core.KindConverter, "x", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _, done, err := use[core.Converter](s, id)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-release
			events = append(events, "call over")
			done()
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.remove(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing during a call: %v, want a deadline", err)
		}
		if _, _, _, err := use[core.Converter](s, id); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("a call after Close: %v, want a protocol error", err)
		}
		close(release)
		synctest.Wait()
		if got := strings.Join(events, ", "); got != "call over, closed" {
			t.Errorf("events: %s", got)
		}
		if err := s.remove(t.Context(), id); err != nil {
			t.Errorf("closing again: %v", err)
		}
	})
}

// talks is a target whose conversations end as a test says.
type talks struct {
	end    func() error
	closed atomic.Bool
}

func (t *talks) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return talk{t}, nil
}

func (t *talks) Close() error { t.closed.Store(true); return nil }

type talk struct{ *talks }

func (t talk) End(context.Context) error { return t.end() }

func (talk) Send(context.Context, core.Message) (core.Reply, error) { return core.Reply{}, nil }

// Exchange replies to the first message, and to no other.
func (talk) Exchange(ctx context.Context, _ []core.Message) ([]core.Reply, error) {
	<-ctx.Done()
	first := core.Reply{Message: core.Message{Role: core.Assistant}, Finish: core.FinishComplete}
	return []core.Reply{first}, ctx.Err()
}

// line is a call's stream, over which nothing goes once its context is over.
type line struct {
	grpc.ServerStream
	ctx  context.Context
	sent int
}

func (l *line) Context() context.Context { return l.ctx }

func (l *line) Send(*pb.SendResponse) error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	l.sent++
	return nil
}

func TestTheRepliesBeforeADeadlineAreSentInTime(t *testing.T) {
	for name, test := range map[string]struct {
		limit, after time.Duration
		sent         int
	}{
		"time to spare":    {10 * time.Second, 9500 * time.Millisecond, 1},
		"no time to spare": {time.Second, time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				service, id := openTalks(t, &talks{end: func() error { return nil }}, 1)
				request, err := wire.EncodeSend(id, "1", []core.Message{core.UserText("one"), core.UserText("two")})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), test.limit)
				defer cancel()
				began, stream := time.Now(), &line{ctx: ctx}
				if err := service.Send(request, stream); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error %v, want that the time is up", err)
				}
				if took := time.Since(began); took != test.after || stream.sent != test.sent {
					t.Errorf("%d replies were sent after %s, want %d after %s", stream.sent, took, test.sent, test.after)
				}
			})
		})
	}
}

// openTalks opens a target and starts conversations with it.
func openTalks(t *testing.T, target *talks, conversations int) (service *targetService, id string) {
	t.Helper()
	info := core.Info{Name: "x", Summary: "Talks.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	o, err := newOffer(Info{Name: "acme"}, []core.Component{
		core.NewTarget(info, struct{}{}, func(context.Context, struct{}) (core.Target, error) { return target, nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	s := newInstances(o)
	if id, err = s.add(t.Context(), core.KindTarget, "x", nil, nil); err != nil {
		t.Fatal(err)
	}
	service = &targetService{instances: s}
	for range conversations {
		if _, err := service.StartConversation(t.Context(), &pb.StartConversationRequest{Instance: id}); err != nil {
			t.Fatal(err)
		}
	}
	return service, id
}

func TestConversationsAreEndedSideBySide(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		target := &talks{end: func() error { time.Sleep(time.Second); return nil }}
		service, _ := openTalks(t, target, 100)
		begin := time.Now()
		service.instances.closeAll(time.Hour)
		if took := time.Since(begin); took != time.Second || !target.closed.Load() {
			t.Errorf("took %v; closed: %v", took, target.closed.Load())
		}
	})
}

func TestAConversationThatPanicsAtItsEndKeepsNothingElseOpen(t *testing.T) {
	var ends atomic.Int32
	target := &talks{end: func() error { ends.Add(1); panic("out of cheese") }}
	service, id := openTalks(t, target, 3)
	if err := service.instances.remove(t.Context(), id); core.KindOf(err) != core.ErrorInternal {
		t.Errorf("closing: %v", err)
	}
	if ends.Load() != 3 || !target.closed.Load() {
		t.Errorf("%d conversations were ended; closed: %v", ends.Load(), target.closed.Load())
	}
}

func TestNothingIsSentInAConversationThatEndsMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ending := make(chan struct{})
		target := &talks{end: func() error { <-ending; return nil }}
		service, id := openTalks(t, target, 1)
		_, instance, done, err := use[core.Target](service.instances, id)
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		// A call finds the conversation, and then has to wait for its turn.
		c, _ := instance.conversations.Get("1")
		for range 2 {
			go func() {
				if _, err := service.EndConversation(t.Context(), &pb.EndConversationRequest{Instance: id, Conversation: "1"}); err != nil {
					t.Errorf("ending it: %v", err)
				}
			}()
		}
		synctest.Wait()
		close(ending)
		if err := c.Acquire(t.Context()); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("a turn was given to a call after the end: %v", err)
		}
	})
}

func TestShutdownDoesNotWaitForAComponentThatDoesNotClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck := make(chan struct{})
		defer close(stuck)
		var closed atomic.Bool
		o, err := newOffer(Info{Name: "acme"}, []core.Component{
			component("stuck", converter{close: func() error { <-stuck; return nil }}),
			component("panics", converter{close: func() error { panic("out of cheese") }}),
			component("fine", converter{close: func() error { closed.Store(true); return nil }}),
		})
		if err != nil {
			t.Fatal(err)
		}
		s := newInstances(o)
		for _, name := range []string{"stuck", "panics", "fine"} {
			if _, err := s.add(t.Context(), core.KindConverter, name, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		s.closeAll(closeTimeout)
		if took := time.Since(begin); took != closeTimeout || !closed.Load() {
			t.Errorf("took %v, want %v; the good one closed: %v", took, closeTimeout, closed.Load())
		}
	})
}

func TestLogLinesAreHclogs(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(newLogHandler(&out, "trace"))
	log.Log(t.Context(), levelTrace, "t")
	log.Debug("d")
	log.Info("i", "n", 1)
	log.Warn("w")
	log.Log(t.Context(), slog.LevelError+2, "e")
	var levels []string
	for line := range strings.Lines(out.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000000Z07:00", entry["@timestamp"].(string)); err != nil {
			t.Error(err)
		}
		levels = append(levels, entry["@level"].(string)+" "+entry["@message"].(string))
	}
	if got := strings.Join(levels, ", "); got != "trace t, debug d, info i, warn w, error e" {
		t.Errorf("levels: %s", got)
	}
}

func TestLogLinesBelowTheHostsLevelAreNotWritten(t *testing.T) {
	for _, test := range []struct {
		level string
		want  int
	}{{"trace", 4}, {"debug", 4}, {"info", 3}, {"warn", 2}, {"error", 1}, {"off", 0}, {"", 4}} {
		var out bytes.Buffer
		log := slog.New(newLogHandler(&out, test.level))
		log.Debug("d")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		if got := strings.Count(out.String(), "\n"); got != test.want {
			t.Errorf("%q: %d lines, want %d", test.level, got, test.want)
		}
	}
}
