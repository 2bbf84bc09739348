package host_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
	"github.com/redteam-orchestrator/orchestrator/plugins/sandbox"
)

// The test binary is its own plugin: run as "… serve" it is the bundled one,
// and under a name such as orchestrator-plugin-acme a third party's. Run as
// "… host" it is a host whose death the tests watch.
func TestMain(m *testing.M) {
	name, third := strings.CutPrefix(filepath.Base(os.Args[0]), "orchestrator-plugin-")
	switch {
	case third:
		thirdParty(name)
	case len(os.Args) > 1 && os.Args[1] == "serve":
		plugins.Serve(plugins.Info{Name: "fixtures", Version: "1.2.3"}, fixtures()...)
	case len(os.Args) > 1 && os.Args[1] == "fill":
		fillMemory()
	case len(os.Args) > 1 && os.Args[1] == "launch":
		fmt.Fprintln(os.Stderr, sandbox.Exec(os.Args[2:], os.Environ()))
		os.Exit(sandbox.ExitStatus)
	case len(os.Args) > 1 && os.Args[1] == "host":
		hostUntilKilled()
	default:
		goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
			dir, _ := sharedFolder()
			_ = os.RemoveAll(dir)
			os.Exit(code)
		}))
	}
}

// sharedFolder is where tests keep what is built once for all of them. TestMain
// removes it.
var sharedFolder = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "plugins-host-") })

// thirdParty is a plugin whose name says how it misbehaves.
func thirdParty(name string) {
	switch name {
	case "noisy":
		fmt.Println("starting up, please wait")
	case "mute":
		select {}
	case "broken":
		fmt.Fprintln(os.Stderr, "cannot find my model")
		os.Exit(7)
	case "futuristic":
		fmt.Println("1|2|unix|/nowhere|grpc|" + strings.Repeat("A", 80))
		select {}
	case "antique":
		fmt.Println("1|0|unix|/nowhere|grpc|" + strings.Repeat("A", 80))
		select {}
	case "bare":
		fmt.Println("1|1|unix|/nowhere|grpc")
		select {}
	case "raw":
		serveRaw(&raw{})
		return
	case "shy":
		serveRaw(&raw{describe: func() { os.Exit(4) }})
		return
	}
	plugins.Serve(plugins.Info{Name: name, Version: "0.1.0"}, fixtures()...)
}

// hostUntilKilled is a host in a process of its own, whose death a test watches.
func hostUntilKilled() {
	h := host.New(host.Options{Bundled: []string{os.Args[0], "serve"}})
	var answers []any
	for _, use := range []string{"pid", "spawn", "socket"} {
		c, err := core.OpenAs[core.Converter](context.Background(), h.Using(nil), use, nil)
		if err != nil {
			panic(err)
		}
		out, err := c.Convert(context.Background(), core.TextValue("in a group of its own"))
		if err != nil {
			panic(err)
		}
		answers = append(answers, out.Text())
	}
	fmt.Println(answers...)
	select {}
}

type convert func(ctx context.Context, in core.Value) (core.Value, error)

func (f convert) Convert(ctx context.Context, in core.Value) (core.Value, error) { return f(ctx, in) }

// textConverter is a converter without configuration.
func textConverter(name string, f func(ctx context.Context, in string) (string, error)) core.Component {
	info := core.Info{Name: name, Summary: "A fixture.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	return core.NewConverter(info, struct{}{}, func(context.Context, struct{}) (core.Converter, error) {
		return convert(func(ctx context.Context, in core.Value) (core.Value, error) {
			out, err := f(ctx, in.Text())
			return core.TextValue(out), err
		}), nil
	})
}

type echoConfig struct {
	Prefix string      `json:"prefix" doc:"What to put in front."`
	Key    core.Secret `json:"key" doc:"A secret." env:"ECHO_KEY"`
	Mode   string      `json:"mode" doc:"A choice." enum:"plain,shown"`
}

// Validate knows what the schema does not.
func (c echoConfig) Validate() error {
	var problems []error
	if c.Prefix == "loud" {
		problems = append(problems, core.Errorf(core.ErrorConfig, "too loud").At("prefix").WithHint("be quiet"))
	}
	if c.Mode == "shown" && c.Key == "" {
		problems = append(problems, core.Errorf(core.ErrorConfig, "there is nothing to show").At("key"))
	}
	return errors.Join(problems...)
}

// closer logs that it is closed.
type closer struct{ convert }

func (closer) Close() error { slog.Warn("closed"); return nil }

func fixtures() []core.Component { return append(plainFixtures(), judgeComponents()...) }

func plainFixtures() []core.Component {
	text := []core.Modality{core.Text}
	return append(unruly(), []core.Component{
		core.NewConverter(core.Info{Name: "echo", Summary: "Gives back.", In: text, Out: text}, echoConfig{Mode: "plain"},
			func(_ context.Context, c echoConfig) (core.Converter, error) {
				return closer{func(_ context.Context, in core.Value) (core.Value, error) {
					if c.Mode == "shown" {
						return core.TextValue(c.Key.Reveal()), nil
					}
					in.Data = append([]byte(c.Prefix), in.Data...)
					return in, nil
				}}, nil
			}),
		textConverter("seed", func(ctx context.Context, _ string) (string, error) { return fmt.Sprint(core.Seed(ctx)), nil }),
		textConverter("warns", func(ctx context.Context, in string) (string, error) {
			core.Warn(ctx, "cannot say %q", in)
			core.Warn(ctx, "nor anything else")
			return "nothing", nil
		}),
		textConverter("nested/length", func(_ context.Context, in string) (string, error) { return fmt.Sprint(len(in)), nil }),
		textConverter("environ", func(context.Context, string) (string, error) {
			environ, err := os.ReadFile("/proc/self/environ")
			return string(environ), err
		}),
		textConverter("pid", func(context.Context, string) (string, error) {
			return fmt.Sprint(os.Getpid(), " ", syscall.Getpgrp()), nil
		}),
		textConverter("socket", func(context.Context, string) (string, error) { return os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), nil }),
		textConverter("panic", func(context.Context, string) (string, error) { panic("out of cheese") }),
		textConverter("crash", func(ctx context.Context, _ string) (string, error) {
			go func() { panic("out of cheese in the background") }()
			<-ctx.Done()
			return "", ctx.Err()
		}),
		textConverter("exit", func(context.Context, string) (string, error) {
			slog.Error("the disk is full", "disk", "sda")
			os.Exit(3)
			return "", nil
		}),
		textConverter("block", func(ctx context.Context, marker string) (string, error) {
			if err := os.WriteFile(marker, []byte("started"), 0o600); err != nil {
				return "", err
			}
			<-ctx.Done()
			_ = os.WriteFile(marker, []byte("cancelled"), 0o600)
			return "", ctx.Err()
		}),
		textConverter("fail", func(_ context.Context, kind string) (string, error) {
			return "", core.Errorf(core.ErrorKind(kind), "it is %s", kind).At("audio.voice").WithHint("mend it").After(1500 * time.Millisecond)
		}),
		textConverter("oops", func(context.Context, string) (string, error) { return "", errors.New("no kind") }),
		textConverter("large", func(_ context.Context, size string) (string, error) {
			var n int
			_, err := fmt.Sscan(size, &n)
			return strings.Repeat("x", n), err
		}),
		textConverter("print", func(context.Context, string) (string, error) {
			fmt.Println("printed on stdout")
			fmt.Fprintln(os.Stderr, "printed on stderr")
			_, _ = syscall.Write(1, []byte("written to descriptor 1\n"))
			_, _ = syscall.Write(2, []byte("written to descriptor 2\n"))
			_, _ = syscall.Write(2, []byte(`{"@level":7,"@message":{"a":1},"@timestamp":[]}`+"\n"))
			return "", nil
		}),
		textConverter("log", func(context.Context, string) (string, error) {
			slog.Debug("quiet", "n", 1)
			slog.Info("usual")
			slog.Warn("odd", "where", "here")
			slog.Error("bad")
			return "", nil
		}),
		textConverter("spawn", func(_ context.Context, how string) (string, error) {
			cmd := exec.Command("sleep", "300")
			if how == "that fills memory" {
				cmd = exec.Command(os.Args[0], "fill")
			}
			cmd.Stdout, cmd.Stderr = os.NewFile(1, "stdout"), os.NewFile(2, "stderr") // the real ones
			switch how {
			case "away":
				cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			case "in a group of its own":
				cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			}
			if err := cmd.Start(); err != nil {
				return "", err
			}
			return fmt.Sprint(cmd.Process.Pid), nil
		}),
		core.NewConverter(core.Info{Name: "liar", In: text, Out: text}, struct{}{}, func(context.Context, struct{}) (core.Converter, error) {
			return convert(func(context.Context, core.Value) (core.Value, error) { return core.WAVValue([]byte("RIFF")), nil }), nil
		}),
		core.NewConverter(core.Info{Name: "alien", In: text, Out: text}, struct{}{}, func(context.Context, struct{}) (core.Converter, error) {
			return convert(func(context.Context, core.Value) (core.Value, error) { return core.Value{Modality: "smell"}, nil }), nil
		}),
		core.NewTarget(core.Info{Name: "parrot", Summary: "Repeats.", In: text, Out: []core.Modality{core.Text, core.Audio}}, parrotConfig{},
			func(_ context.Context, c parrotConfig) (core.Target, error) { return parrot{c}, nil }),
		core.NewTarget(core.Info{Name: "caller", Summary: "Can be interrupted.", In: text, Out: text, Capabilities: []string{core.CapabilityInterrupt}}, struct{}{},
			func(context.Context, struct{}) (core.Target, error) { return caller{}, nil }),
		core.NewScorer(core.Info{Name: "length", Scores: core.ScoreScale}, struct{}{}, func(context.Context, struct{}) (core.Scorer, error) {
			return lengthScorer{}, nil
		}),
	}...)
}

type parrotConfig struct {
	Audio int  `json:"audio" doc:"Bytes of audio in each reply."`
	Deaf  bool `json:"deaf" doc:"Whether it takes nothing."`
}

// Restrictions says what a deaf parrot does not take. Its last one is none of the
// parrot's description.
func (c parrotConfig) Warnings() error {
	if !c.Deaf {
		return nil
	}
	return core.Errorf(core.ErrorConfig, "a deaf parrot repeats nothing").At("deaf").WithHint("let it hear")
}

func (c parrotConfig) Restrictions() []core.Restriction {
	if !c.Deaf {
		return nil
	}
	return []core.Restriction{{In: core.Text, Hint: "leave deaf out"}, {Out: core.Audio}, {Capability: core.CapabilityStream}}
}

// parrot repeats everything that it has heard in a conversation.
type parrot struct{ config parrotConfig }

func (p parrot) StartConversation(_ context.Context, s core.Start) (core.Conversation, error) {
	return &parrotTalk{config: p.config, heard: []string{s.SystemPrompt}}, nil
}

type parrotTalk struct {
	config parrotConfig
	heard  []string
	ended  bool
}

func (p *parrotTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if p.ended {
		return core.Reply{}, errors.New("the conversation is over")
	}
	if m.Text() == "wait" {
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond) // it is slow to notice
		slog.Warn("cancelled")
		return core.Reply{}, ctx.Err()
	}
	p.heard = append(p.heard, m.Text())
	audio := make([]byte, p.config.Audio)
	for i := range audio {
		audio[i] = byte(i % 251)
	}
	return core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{
			{Value: core.TextValue(strings.Join(p.heard, "|")), Transcript: true},
			{Value: core.WAVValue(audio)},
		}},
		Finish:   core.FinishComplete,
		Usage:    core.Usage{InputTokens: 1, OutputAudioTokens: 7},
		Timing:   core.Timing{FirstEvent: 3 * time.Millisecond, Total: 5 * time.Millisecond},
		Warnings: []string{"it is a parrot"},
	}, nil
}

func (p *parrotTalk) End(context.Context) error {
	if !p.ended {
		slog.Warn("conversation ended")
	}
	p.ended = true
	return nil
}

// caller says how each message reached it. It fails at "fail", and at "break" in
// the middle of its reply; at "forget" it leaves the reply out. At "go on" it
// speaks until it is stopped, and at "deaf" for longer.
type caller struct{}

func (caller) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return callerTalk{}, nil
}

type callerTalk struct{}

func (callerTalk) End(context.Context) error { return nil }

func (callerTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if m.Text() == "fail" {
		return core.Reply{}, core.Errorf(core.ErrorRateLimited, "too many calls").After(3 * time.Second)
	}
	said := fmt.Sprintf("%s after %s", m.Text(), m.Delivery.InterruptAfter)
	reply := core.Reply{Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(said)}}}, Finish: core.FinishComplete}
	switch m.Text() {
	case "break":
		reply.Finish = core.FinishBroken
		return reply, core.Errorf(core.ErrorUnavailable, "connection lost").About(core.SubjectAnswer)
	case "deaf":
		slog.Warn("speaking until it is stopped")
		<-ctx.Done()
		time.Sleep(4 * time.Second)
	case "go on":
		slog.Warn("speaking until it is stopped")
		<-ctx.Done()
		reply.Finish = core.FinishBroken
		return reply, ctx.Err()
	}
	return reply, nil
}

func (c callerTalk) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	for _, m := range messages {
		if m.Text() == "forget" {
			continue
		}
		reply, err := c.Send(ctx, m)
		if reply.Finish != "" {
			replies = append(replies, reply)
		}
		if err != nil {
			return replies, err
		}
	}
	return replies, nil
}

type lengthScorer struct{}

func (lengthScorer) Score(_ context.Context, e core.Evidence) (core.Score, error) {
	switch e.Objective {
	case "impossible":
		return core.Score{Type: core.ScoreScale, Value: 2}, nil
	case "other":
		return core.BoolScore(true, "not what was promised"), nil
	case "unknown":
		return core.UnknownScore("no idea"), nil
	}
	return core.Score{Type: core.ScoreScale, Value: 1 / float64(1+len(e.Values)), Rationale: e.Conversation[0].Text()}, nil
}
