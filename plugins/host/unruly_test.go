package host_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// mortalConfig makes a component die. Each death is a line in the file.
type mortalConfig struct {
	File   string `json:"file" doc:"Where to write down what happens."`
	Deaths int    `json:"deaths" doc:"After how many deaths it lives on."`
	Prefix string `json:"prefix" doc:"What to put in front."`
}

func (c mortalConfig) note(what string) error {
	f, err := os.OpenFile(c.File, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, what)
	return errors.Join(err, f.Close())
}

// live dies, unless it has died often enough.
func (c mortalConfig) live() error {
	noted, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if strings.Count(string(noted), "died") >= c.Deaths {
		return nil
	}
	if err := c.note("died"); err != nil {
		return err
	}
	slog.Error("the disk is full")
	os.Exit(3)
	return nil
}

// unruly are components that need to be kept in check.
func unruly() []core.Component {
	text := []core.Modality{core.Text}
	meet := newMeeting()
	return []core.Component{
		core.NewConverter(core.Info{Name: "mortal", In: text, Out: text}, mortalConfig{}, func(_ context.Context, c mortalConfig) (core.Converter, error) {
			return convert(func(_ context.Context, in core.Value) (core.Value, error) {
				err := c.live()
				return core.TextValue(c.Prefix + in.Text()), err
			}), nil
		}),
		core.NewScorer(core.Info{Name: "mortal"}, mortalConfig{}, func(_ context.Context, c mortalConfig) (core.Scorer, error) {
			return mortalScorer(c), nil
		}),
		core.NewTarget(core.Info{Name: "mortal", In: text, Out: text}, mortalConfig{}, func(_ context.Context, c mortalConfig) (core.Target, error) {
			return mortalTarget(c), nil
		}),
		textConverter("fill", func(ctx context.Context, size string) (string, error) {
			var n int
			if _, err := fmt.Sscan(size, &n); err != nil {
				return "", err
			}
			memory := resident(n)
			<-ctx.Done()
			return fmt.Sprint(memory[n-1]), ctx.Err()
		}),
		textConverter("flood", func(_ context.Context, lines string) (string, error) {
			var n int
			if _, err := fmt.Sscan(lines, &n); err != nil {
				return "", err
			}
			line := strings.Repeat("water ", 20) + "\n"
			for range n {
				_, _ = syscall.Write(2, []byte(line))
			}
			return "", nil
		}),
		textConverter("torrent", func(context.Context, string) (string, error) {
			line := fmt.Sprintf("{\"@level\":\"error\",\"@message\":%q}\n", strings.Repeat("water ", 8000))
			for range 1000 {
				_, _ = syscall.Write(2, []byte(line))
			}
			return "", nil
		}),
		core.NewTarget(core.Info{Name: "crowd", In: text, Out: text}, struct{}{}, func(context.Context, struct{}) (core.Target, error) {
			return &crowd{all: make(chan struct{})}, nil
		}),
		textConverter("meet", meet.convert),
	}
}

// resident returns memory that is in use.
func resident(n int) []byte {
	memory := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		memory[i] = 1
	}
	return memory
}

// fillMemory is a program that a plugin has started.
func fillMemory() {
	memory := resident(300 << 20)
	runtime.KeepAlive(memory)
	select {}
}

type mortalScorer mortalConfig

func (s mortalScorer) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.BoolScore(true, s.Prefix), mortalConfig(s).live()
}

type mortalTarget mortalConfig

func (t mortalTarget) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return t, nil
}

// Send notes each turn before anything else happens.
func (t mortalTarget) Send(_ context.Context, m core.Message) (core.Reply, error) {
	if err := mortalConfig(t).note("heard " + m.Text()); err != nil {
		return core.Reply{}, err
	}
	if err := mortalConfig(t).live(); err != nil {
		return core.Reply{}, err
	}
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue("yes")}}}, Finish: core.FinishComplete}, nil
}

func (mortalTarget) End(context.Context) error { return nil }

// crowd answers nobody before a thousand are waiting.
type crowd struct {
	waiting atomic.Int64
	all     chan struct{}
}

func (c *crowd) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return crowdTalk{c}, nil
}

type crowdTalk struct{ *crowd }

func (c crowdTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if c.waiting.Add(1) == 1000 {
		close(c.all)
	}
	select {
	case <-c.all:
	case <-ctx.Done():
		return core.Reply{}, ctx.Err()
	}
	return core.Reply{Message: core.Message{Role: core.Assistant, Parts: m.Parts}, Finish: core.FinishComplete}, nil
}

func (crowdTalk) End(context.Context) error { return nil }

// meeting lets calls go in pairs, and counts how many were there at a time.
type meeting struct {
	inside, most atomic.Int64
	pair         chan struct{}
}

func newMeeting() *meeting { return &meeting{pair: make(chan struct{})} }

func (m *meeting) convert(ctx context.Context, _ string) (string, error) {
	inside := m.inside.Add(1)
	defer m.inside.Add(-1)
	for most := m.most.Load(); inside > most && !m.most.CompareAndSwap(most, inside); most = m.most.Load() {
	}
	select {
	case m.pair <- struct{}{}:
	case <-m.pair:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return fmt.Sprint(m.most.Load()), nil
}
