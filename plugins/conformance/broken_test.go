package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
)

// The test binary is its own plugin, broken in the way that its argument says,
// and its own host.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 2 && os.Args[1] == "broken":
		serveBroken(os.Args[2])
	case len(os.Args) > 1 && os.Args[1] == "host":
		if err := conformance.ServeHost(context.Background(), os.Stdin, os.Stdout); err != nil {
			panic(err)
		}
	default:
		os.Exit(m.Run())
	}
}

// serveBroken is a plugin whose process breaks a promise, or whose one
// component does.
func serveBroken(how string) {
	info := plugins.Info{Name: "broken", Version: "1"}
	connected := os.Getenv("ORCHESTRATOR_PLUGIN") != ""
	switch how {
	case "alien", "misfit":
		serveAlien(how)
		return
	case "noisy":
		if connected {
			fmt.Println("starting up, please wait")
		}
	case "two-faced":
		if connected {
			info.Version = "2"
		}
	case "stubborn":
		plugins.Serve(info, converter("sound", nil))
		if connected {
			select {}
		}
		return
	}
	plugins.Serve(info, broken(how))
}

type text func(ctx context.Context, in string) (string, error)

// converter is a converter of texts that breaks no promise but those of f.
func converter(name string, f text, change ...func(*core.Info)) core.Component {
	info := core.Info{Name: name, Summary: "A converter.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	for _, c := range change {
		c(&info)
	}
	if f == nil {
		f = func(_ context.Context, in string) (string, error) { return in, nil }
	}
	return core.NewConverter(info, struct{}{}, func(context.Context, struct{}) (core.Converter, error) { return converting(f), nil })
}

type converting text

func (f converting) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	if in.Modality != core.Text {
		return core.Value{}, core.Errorf(core.ErrorUnsupported, "%s", in.Modality)
	}
	out, err := f(ctx, in.Text())
	return core.TextValue(out), err
}

// closing is a converter that can be closed.
type closing struct {
	converting
	close func() error
}

func (c closing) Close() error { return c.close() }

// greedy takes whatever it is given.
type greedy struct{}

func (greedy) Convert(context.Context, core.Value) (core.Value, error) {
	return core.TextValue("?"), nil
}

// certain judges what it has not seen.
type certain struct{}

func (certain) Score(context.Context, core.Evidence) (core.Score, error) {
	return core.BoolScore(true, "sure"), nil
}

// broken returns a component that breaks one promise.
func broken(how string) core.Component {
	var busy atomic.Int32
	info := core.Info{Name: how, Summary: "A converter.", In: []core.Modality{core.Text}, Out: []core.Modality{core.Text}}
	open := func(f func(context.Context) core.Converter) core.Component {
		return core.NewConverter(info, struct{}{}, func(ctx context.Context, _ struct{}) (core.Converter, error) { return f(ctx), nil })
	}
	switch how {
	case "undescribed":
		return converter(how, nil, func(i *core.Info) { i.Summary = "" })
	case "opening":
		return open(func(opened context.Context) core.Converter {
			return converting(func(_ context.Context, in string) (string, error) { return in, opened.Err() })
		})
	case "once":
		return open(func(context.Context) core.Converter {
			closed := errors.New("closed already")
			var err error
			return closing{func(_ context.Context, in string) (string, error) { return in, nil }, func() error {
				defer func() { err = closed }()
				return err
			}}
		})
	case "racy":
		return converter(how, func(ctx context.Context, in string) (string, error) {
			defer busy.Add(-1)
			if busy.Add(1) > 1 {
				return "", errors.New("one at a time, please")
			}
			return in, work(ctx)
		})
	case "boastful":
		return converter(how, nil, func(i *core.Info) { i.In = append(i.In, core.Image) })
	case "greedy":
		return open(func(context.Context) core.Converter { return greedy{} })
	case "dicey":
		return converter(how, func(_ context.Context, in string) (string, error) { return fmt.Sprint(in, busy.Add(1)), nil })
	case "small":
		return converter(how, func(_ context.Context, in string) (string, error) {
			if len(in) > 1<<20 {
				return "", errors.New("too much")
			}
			return in, nil
		})
	case "deaf":
		return converter(how, func(ctx context.Context, in string) (string, error) {
			if work(ctx) != nil {
				select {}
			}
			return in, nil
		})
	case "moody":
		var calls atomic.Int32
		return converter(how, func(ctx context.Context, in string) (string, error) {
			core.Warn(ctx, "call %d", calls.Add(1))
			return in, nil
		})
	case "mumbling":
		return converter(how, func(ctx context.Context, in string) (string, error) {
			core.Warn(ctx, " ")
			return in, nil
		})
	case "fragile":
		return converter(how, func(_ context.Context, in string) (string, error) {
			if !utf8.ValidString(in) {
				os.Exit(3)
			}
			return in, nil
		})
	case "parent":
		return open(func(context.Context) core.Converter {
			child := exec.Command("sleep", "30")
			child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if err := child.Start(); err != nil {
				panic(err)
			}
			return converting(func(_ context.Context, in string) (string, error) { return in, nil })
		})
	case "demanding":
		type config struct {
			Voice string `json:"voice" doc:"A voice." required:"true"`
		}
		return core.NewConverter(info, config{}, func(context.Context, config) (core.Converter, error) { return greedy{}, nil })
	case "certain":
		return core.NewScorer(core.Info{Name: how, Summary: "A scorer.", In: core.Modalities(), Scores: core.ScoreTrueFalse}, struct{}{},
			func(context.Context, struct{}) (core.Scorer, error) { return certain{}, nil })
	default:
		return brokenTarget(how)
	}
}

// work takes as long as a check needs to get in its way.
func work(ctx context.Context) error {
	timer := time.NewTimer(100 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAComponentThatBreaksAPromiseFailsTheCheckOfIt(t *testing.T) {
	for _, test := range []struct {
		broken string
		want   []string
	}{
		{"undescribed", []string{"converter undescribed: is described"}},
		{"opening", []string{"converter opening: outlives the context it was opened with"}},
		{"once", []string{"converter once: can be closed twice"}},
		{"racy", []string{"converter racy: works concurrently"}},
		{"boastful", []string{"converter boastful: takes what it says it takes"}},
		{"greedy", []string{"converter greedy: refuses what it does not say it takes"}},
		{"dicey", []string{"converter dicey: gives the same for the same seed"}},
		{"moody", []string{"converter moody: gives the same for the same seed"}},
		{"mumbling", []string{
			"converter mumbling: outlives the context it was opened with",
			"converter mumbling: takes 8 MiB, or refuses them as input",
			"converter mumbling: takes what it says it takes",
			"converter mumbling: works concurrently",
		}},
		{"small", []string{"converter small: takes 8 MiB, or refuses them as input"}},
		{"demanding", []string{"converter demanding: can be tested"}},
		{"certain", []string{"scorer certain: never judges nothing"}},
		{"forgetful", nil},
		{"modest", []string{"target modest: takes its configuration before it is opened"}},
		{"secretive", []string{"target secretive: refuses what it does not say it takes"}},
		{"amnesiac", []string{"target amnesiac: holds a conversation of two turns"}},
		{"starting", []string{"target starting: outlives the context a conversation was started with"}},
		{"ending", []string{"target ending: can end a conversation twice"}},
		{"historian", []string{"target historian: can do what it says: refuses a history"}},
		{"claimant", []string{
			"target claimant: can do what it says: history",
			"target claimant: can do what it says: interrupt",
			"target claimant: can do what it says: out_of_band",
			"target claimant: can do what it says: system_prompt",
			"target claimant: can do what it says: system_prompt_update",
		}},
	} {
		t.Run(test.broken, func(t *testing.T) {
			component := broken(test.broken)
			s, err := conformance.InProcess([]core.Component{component})
			if err != nil {
				t.Fatal(err)
			}
			found := checked(t.Context(), func(to conformance.T) {
				conformance.Components(to, s, []core.Info{component.Info}, nil)
			})
			if got := found.failures(); !slices.Equal(got, test.want) {
				t.Errorf("failed:\n%swant %q", found, test.want)
			}
		})
	}
}

func TestWhatAFailureSaysIsHeldToItsPromises(t *testing.T) {
	for _, test := range []struct {
		broken string
		failed []string
		want   string
	}{
		{"short", []string{"target short: holds a conversation of two turns"}, "the reply broke off (Finish is broken), and no error says why"},
		{
			"eager",
			[]string{"target eager: honours a deadline", "target eager: honours cancellation"},
			"a reply comes with an error (context canceled), and its Finish is not broken: it is complete",
		},
		{
			"unsure",
			[]string{"target unsure: honours a deadline", "target unsure: honours cancellation"},
			"a reply comes with an error (context canceled), and its Finish is not broken: it is not set",
		},
		{"cut short", nil, ""},
		{"made-up", []string{"target made-up: refuses what it does not say it takes"}, `the subject "weather" of an error is not one of`},
		{"misleading", []string{"target misleading: refuses what it does not say it takes"}, "an error of kind unsupported speaks of reachability, want configuration"},
		{"later", []string{"target later: refuses what it does not say it takes"}, "an error that asks to wait speaks of configuration, want limit"},
	} {
		t.Run(test.broken, func(t *testing.T) {
			component := brokenTarget(test.broken)
			s, err := conformance.InProcess([]core.Component{component})
			if err != nil {
				t.Fatal(err)
			}
			found := checked(t.Context(), func(to conformance.T) {
				conformance.Components(to, s, []core.Info{component.Info}, nil)
			})
			if got := found.failures(); !slices.Equal(got, test.failed) || !strings.Contains(found.String(), test.want) {
				t.Errorf("failed:\n%swant %q with %q", found, test.failed, test.want)
			}
		})
	}
}

func TestAPluginThatBreaksAPromiseFailsTheCheckOfIt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const (
		starts = "starts, with nothing but the handshake on standard output"
		stops  = "process: stops within 2s, and leaves nothing behind"
		killed = "process: ends within 3s of its host's SIGKILL, and leaves nothing behind"
	)
	for _, test := range []struct {
		broken string
		want   []string
	}{
		{"noisy", []string{starts}},
		{"demanding", []string{"as a plugin: converter demanding: can be tested"}},
		{"slow", nil},
		{"two-faced", []string{"describes itself over the connection as on the command line"}},
		{"misfit", []string{"has valid schemas", starts}},
		{"stubborn", []string{stops}},
		{"parent", []string{killed, stops}},
		{"fragile", []string{"hostile input: converter fragile survives it"}},
		{"deaf", []string{"as a plugin: converter deaf: honours a deadline", "as a plugin: converter deaf: honours cancellation"}},
		{"alien", []string{
			"as a plugin: converter any: refuses an unknown key",
			"as a plugin: converter any: refuses to do without a required key",
			"as a plugin: converter any: refuses values of the wrong type",
		}},
	} {
		t.Run(test.broken, func(t *testing.T) {
			t.Parallel()
			found := checked(t.Context(), func(to conformance.T) {
				conformance.Program{
					Argv: []string{self, "broken", test.broken}, Host: []string{self, "host"},
					Cases: cases(test.broken),
				}.Check(to)
			})
			if got := found.failures(); !slices.Equal(got, test.want) {
				t.Errorf("failed:\n%swant %q", found, test.want)
			}
		})
	}
}

// The path of the folder for temporary files is one in which the host's sockets have no room
// once the kit has made a folder there.
func TestWhatAPluginLeavesBehindIsFoundWhateverTheTemporaryFolder(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "kit-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	found := checked(t.Context(), func(to conformance.T) {
		conformance.Program{Argv: []string{self, "broken", "parent"}, Host: []string{self, "host"}}.Check(to)
	})
	if got := found.failures(); len(got) != 2 {
		t.Errorf("failed:\n%swant both checks of what is left behind", found)
	}
}

func cases(how string) []conformance.Case {
	if how != "alien" {
		return nil
	}
	return []conformance.Case{{Kind: core.KindConverter, Use: "any", Config: `{"word": "x"}`}}
}

func TestAMissingCaseIsShownAsItHasToBeWritten(t *testing.T) {
	component := broken("demanding")
	s, err := conformance.InProcess([]core.Component{component})
	if err != nil {
		t.Fatal(err)
	}
	found := checked(t.Context(), func(to conformance.T) {
		conformance.Components(to, s, []core.Info{component.Info}, nil)
	})
	for _, want := range []string{"without voice", "converters:\n  demanding:\n    with: {voice: \"…\"}"} {
		if !strings.Contains(strings.ReplaceAll(found.String(), "\n\t", "\n"), want) {
			t.Errorf("got %s, want %q", found, want)
		}
	}
}
