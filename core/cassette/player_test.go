package cassette_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/cassette"
	"github.com/redteam-orchestrator/orchestrator/core/plan"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

const trialID = "polite/1"

func answered(text string) record.Answer {
	said := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(text)}}}
	return record.Answer{Replies: []core.Reply{{Message: said, Finish: core.FinishComplete}}}
}

func start(target string) record.Call {
	return record.Call{Kind: record.CallStart, Name: target, Start: core.Start{SystemPrompt: "Be kind."}}
}

func send(target, text string) record.Call {
	return record.Call{Kind: record.CallSend, Name: target, Messages: []core.Message{core.UserText(text)}}
}

func score(name string) record.Call {
	return record.Call{Kind: record.CallScore, Name: name, Values: []core.Value{core.TextValue("No.")}, Objective: "It tells.", Said: "ab"}
}

// by makes a call one that a scorer asked for in its conversation with a helper.
func by(scorer string, conversation int, c record.Call) record.Call {
	c.ByKind, c.By = core.KindScorer, scorer
	if c.Kind != record.CallStart {
		c.Conversation = conversation
	}
	return c
}

// recorded are calls with an answer each.
func recorded(calls ...record.Call) []record.RecordedCall {
	var all []record.RecordedCall
	for i, c := range calls {
		all = append(all, record.RecordedCall{Index: i, Call: c, Answer: answered("answer to " + c.Name)})
	}
	return all
}

func player(calls []record.RecordedCall) *cassette.Player {
	return cassette.NewPlayer(func(string, int) ([]record.RecordedCall, error) { return calls, nil })
}

func TestEachCallIsAnsweredAsItWas(t *testing.T) {
	reads := 0
	p := cassette.NewPlayer(func(string, int) ([]record.RecordedCall, error) {
		reads++
		return recorded(start("agent"), send("agent", "Hello."), score("leaked")), nil
	})
	for _, c := range []record.Call{start("agent"), send("agent", "Hello."), score("leaked")} {
		got, ok, err := p.Answer(t.Context(), trialID, c)
		if err != nil || !ok || got.Replies[0].Message.Text() != "answer to "+c.Name {
			t.Errorf("%s %s: %+v, %t, %v", c.Kind, c.Name, got, ok, err)
		}
	}
	if err := p.End(trialID); err != nil || reads != 1 {
		t.Errorf("End: %v; the calls were read %d times, want once", err, reads)
	}
	if _, _, err := p.Answer(t.Context(), trialID, start("agent")); err != nil || reads != 2 {
		t.Errorf("the trial cannot be held again after its end: %v, read %d times", err, reads)
	}
}

func TestWhatCannotBeReadIsAnError(t *testing.T) {
	broken := errors.New("the disk is gone")
	p := cassette.NewPlayer(func(string, int) ([]record.RecordedCall, error) { return nil, broken })
	if _, _, err := p.Answer(t.Context(), trialID, start("agent")); !errors.Is(err, broken) {
		t.Errorf("Answer: %v", err)
	}
	if err := p.End(trialID); !errors.Is(err, broken) {
		t.Errorf("End: %v", err)
	}
}

func TestACallThatIsNotTheRecordedOneIsAnErrorThatSaysInWhat(t *testing.T) {
	prompt, long := "Whisper.", strings.Repeat("é", 101)
	change := func(c record.Call, how func(*record.Call)) record.Call { how(&c); return c }
	message := func(m core.Message) record.Call {
		return record.Call{Kind: record.CallSend, Name: "agent", Messages: []core.Message{m}}
	}
	deliver := func(d core.Delivery) record.Call {
		m := core.UserText("Hello.")
		m.Delivery = d
		return message(m)
	}
	part := func(p core.Part) record.Call { return message(core.Message{Role: core.User, Parts: []core.Part{p}}) }
	hello := core.TextValue("Hello.")
	sound := core.Value{Modality: core.Audio, MediaType: core.MediaWAV, Data: []byte("RIFF")}
	for name, test := range map[string]struct {
		was, is record.Call
		want    string
	}{
		"another kind":         {start("agent"), send("agent", "Hello."), `recorded is a conversation that is begun with target "agent"; now it is a message to target "agent"`},
		"another name":         {score("leaked"), score("refused"), `recorded is the work of scorer "leaked"; now it is the work of scorer "refused"`},
		"the end":              {record.Call{Kind: record.CallEnd, Name: "a"}, record.Call{Kind: record.CallConvert, Name: "a"}, `the end of the conversation with target "a"; now it is the work of converter "a"`},
		"another asks":         {by("leaked", 1, send("agent", "Hello.")), send("agent", "Hello."), `recorded is for scorer "leaked", a message to target "agent"`},
		"another turn":         {send("agent", "Hello."), change(send("agent", "Hello."), func(c *record.Call) { c.Turn = 1 }), "the turn is not the recorded one: recorded 1, now 2"},
		"another conversation": {send("agent", "Hello."), change(send("agent", "Hello."), func(c *record.Call) { c.Conversation = 4 }), "the conversation is not the recorded one: recorded 0, now 4"},
		"another prompt":       {start("agent"), change(start("agent"), func(c *record.Call) { c.Start.SystemPrompt = "Be rude." }), `the system prompt is not the recorded one: recorded "Be kind.", now "Be rude."`},
		"another history":      {start("agent"), change(start("agent"), func(c *record.Call) { c.Start.History = []core.Message{core.UserText("Hi.")} }), "the history is not the recorded one: recorded nothing, now a message of the user"},
		"another objective":    {score("leaked"), change(score("leaked"), func(c *record.Call) { c.Objective = "" }), `the objective is not the recorded one: recorded "It tells.", now ""`},
		"another value":        {score("leaked"), change(score("leaked"), func(c *record.Call) { c.Values = []core.Value{sound} }), `the value is not the recorded one: recorded "No." (text/plain; charset=utf-8), now audio of 4 bytes (audio/wav, SHA-256 `},
		"one value more":       {score("leaked"), change(score("leaked"), func(c *record.Call) { c.Values = append(c.Values, hello) }), "the value is not the recorded one: recorded nothing, now"},
		"one value less":       {change(score("leaked"), func(c *record.Call) { c.Values = append(c.Values, hello) }), score("leaked"), "now nothing"},
		"said before":          {score("leaked"), change(score("leaked"), func(c *record.Call) { c.Said = "cd" }), "what was said before is not the recorded one: recorded SHA-256 ab, now cd"},
		"another message":      {send("agent", "Hello."), send("agent", "Hullo."), `what is sent is not the recorded one: recorded "Hello."`},
		"another role":         {send("agent", "Hello."), message(core.Message{Role: core.Tool, Parts: []core.Part{{Value: hello}}}), "recorded a message of the user, now a message of the tool"},
		"streamed":             {send("agent", "Hello."), deliver(core.Delivery{Stream: true}), "recorded delivered with stream false, interrupt_after 0s, out_of_band false, now delivered with stream true"},
		"interrupted":          {send("agent", "Hello."), deliver(core.Delivery{InterruptAfter: time.Second}), "now delivered with stream false, interrupt_after 1s"},
		"another instruction":  {send("agent", "Hello."), deliver(core.Delivery{SystemPrompt: &prompt}), `now with the system prompt "Whisper."`},
		"another original":     {part(core.Part{Value: hello}), part(core.Part{Value: hello, Original: &sound}), "recorded nothing, now made from audio of 4 bytes"},
		"other converters":     {part(core.Part{Value: hello, Converters: []string{"a"}}), part(core.Part{Value: hello, Converters: []string{"b"}}), `recorded by the converters ["a"], now by the converters ["b"]`},
		"a long text":          {send("agent", long), send("agent", "short"), `recorded "` + strings.Repeat("é", 100) + `"… (202 bytes, SHA-256 `},
		"a long text, cut":     {send("agent", "x"+long), send("agent", "short"), `recorded "x` + strings.Repeat("é", 99) + `"… (203 bytes, SHA-256 `},
		"a text of 200 bytes":  {send("agent", long[:200]), send("agent", "short"), `recorded "` + strings.Repeat("é", 100) + `" (`},
	} {
		t.Run(name, func(t *testing.T) {
			_, ok, err := player(recorded(test.was)).Answer(t.Context(), trialID, test.is)
			if ok || err == nil || !strings.Contains(err.Error(), test.want) || core.KindOf(err) != core.ErrorProtocol || core.HintOf(err) == "" {
				t.Errorf("error %v, want one with %s", err, test.want)
			}
		})
	}
	if _, _, err := player(recorded(start("agent"))).Answer(t.Context(), trialID, change(start("agent"), func(c *record.Call) { c.Conversation = 7 })); err != nil {
		t.Errorf("a start, which has no number yet: %v", err)
	}
}

func TestTooMuchAndTooLittleIsAnError(t *testing.T) {
	p := player(recorded(start("agent"), send("agent", "Hello.")))
	if _, _, err := p.Answer(t.Context(), trialID, start("agent")); err != nil {
		t.Fatal(err)
	}
	if err := p.End(trialID); err == nil || !strings.Contains(err.Error(), `turn 1: recorded is a message to target "agent"; now the trial is over`) {
		t.Errorf("End too early: %v", err)
	}
	if _, _, err := player(nil).Answer(t.Context(), trialID, start("agent")); err == nil || !strings.Contains(err.Error(), `a conversation that is begun with target "agent": nothing more is recorded`) {
		t.Errorf("more than was recorded: %v", err)
	}
}

// helper is a target that comes back to the player, as the engine does.
type helper struct {
	player *cassette.Player
	scorer string
	// mute leaves the player unasked for messages.
	mute bool
}

func (h *helper) StartConversation(ctx context.Context, s core.Start) (core.Conversation, error) {
	_, _, err := h.player.Answer(ctx, trialID, by(h.scorer, 1, record.Call{Kind: record.CallStart, Name: "judge", Start: s}))
	return h, err
}

func (h *helper) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if h.mute {
		return core.Reply{}, nil
	}
	_, _, err := h.player.Answer(ctx, trialID, by(h.scorer, 1, record.Call{Kind: record.CallSend, Name: "judge", Conversation: 1, Messages: []core.Message{m}}))
	return core.Reply{}, err
}

func (*helper) End(context.Context) error { return nil }

func TestHelpersAreAskedAgainBeforeWhatAskedThemIsAnswered(t *testing.T) {
	asked := by("judged", 1, send("judge", "Is it polite?"))
	begun := by("judged", 1, start("judge"))
	begun.Conversation = 1
	calls := recorded(begun, asked, score("judged"))
	for name, test := range map[string]struct {
		calls []record.RecordedCall
		helps func(p *cassette.Player) core.Targets
		want  string
	}{
		"as it was": {calls, func(p *cassette.Player) core.Targets {
			return core.Targets{"judge": &helper{player: p, scorer: "judged"}}
		}, ""},
		"nobody of that name": {
			calls, func(*cassette.Player) core.Targets { return nil },
			`recorded is for scorer "judged", a conversation that is begun with target "judge"; now there is no such target`,
		},
		"no message any more": {
			calls, func(p *cassette.Player) core.Targets {
				return core.Targets{"judge": &helper{player: p, scorer: "judged", mute: true}}
			},
			`recorded is for scorer "judged", a message to target "judge"; now it is not asked`,
		},
		"a conversation that was not begun": {
			calls[1:], func(p *cassette.Player) core.Targets {
				return core.Targets{"judge": &helper{player: p, scorer: "judged"}}
			},
			`recorded is for scorer "judged", a message to target "judge" in a conversation that was not begun`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := player(test.calls)
			p.Opener(test.helps(p))
			got, ok, err := p.Answer(t.Context(), trialID, score("judged"))
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v, want one with %s", err, test.want)
				}
				return
			}
			if err != nil || !ok || got.Replies[0].Message.Text() != "answer to judged" {
				t.Fatalf("%+v, %t, %v", got, ok, err)
			}
			if err := p.End(trialID); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAComponentOfAReplayedRunIsOfEveryKindAndDoesNothing(t *testing.T) {
	opened, err := player(nil).Opener(nil).Open(t.Context(), core.KindTarget, "realtime", nil)
	if err != nil {
		t.Fatal(err)
	}
	checkAbsent(t, opened)
}

// checkAbsent checks that a component is of every kind, and that each of its calls fails.
func checkAbsent(t *testing.T, opened any) {
	t.Helper()
	absent, ok := opened.(interface {
		core.Target
		core.Converter
		core.Scorer
	})
	if !ok {
		t.Fatalf("opened %v, which is not of every kind", opened)
	}
	_, started := absent.StartConversation(t.Context(), core.Start{})
	_, converted := absent.Convert(t.Context(), core.Value{})
	_, scored := absent.Score(t.Context(), core.Evidence{})
	for _, err := range []error{started, converted, scored} {
		if core.KindOf(err) != core.ErrorInternal {
			t.Errorf("error %v, want one of our own", err)
		}
	}
}

// A slow disk holds up the trial that waits for it, and no other.
func TestTheRecordOfATrialIsReadWhileAnotherTrialGoesOn(t *testing.T) {
	reading, disk := make(chan struct{}), make(chan struct{})
	p := cassette.NewPlayer(func(trialID string, _ int) ([]record.RecordedCall, error) {
		if trialID == "slow/1" {
			close(reading)
			<-disk
		}
		return recorded(start("agent")), nil
	})
	var slow sync.WaitGroup
	slow.Go(func() {
		if _, ok, err := p.Answer(t.Context(), "slow/1", start("agent")); err != nil || !ok {
			t.Errorf("the slow trial: %v, %v", ok, err)
		}
	})
	<-reading
	if _, ok, err := p.Answer(t.Context(), trialID, start("agent")); err != nil || !ok {
		t.Errorf("another trial: %v, %v", ok, err)
	}
	if err := p.End(trialID); err != nil {
		t.Error(err)
	}
	close(disk)
	slow.Wait()
}

func TestADetachedPlanIsConfiguredAndBoundByNothing(t *testing.T) {
	component := plan.Component{Name: "a", Use: "b", Config: []byte(`{"api_key": "${KEY}"}`)}
	p := &plan.Plan{
		Name: "demo", Bounds: scope.Bounds{MaxTurns: 3},
		Targets:    []plan.Target{{Component: component, Limits: scope.Limits{Concurrency: 4, RequestsPerMinute: 6}}},
		Converters: []plan.Converter{{Component: component}},
		Scorers:    []plan.Scorer{{Component: component, Via: []string{"a"}}},
	}
	d := cassette.Detached(p)
	if d.Name != "demo" || d.Bounds != (scope.Bounds{}) || d.Targets[0].Limits != (scope.Limits{Concurrency: 4}) || d.Scorers[0].Via[0] != "a" {
		t.Errorf("detached %+v", d)
	}
	for what, config := range map[string][]byte{"target": d.Targets[0].Config, "converter": d.Converters[0].Config, "scorer": d.Scorers[0].Config} {
		if string(config) != "{}" {
			t.Errorf("the %s keeps its configuration %s", what, config)
		}
	}
	if string(p.Targets[0].Config) == "{}" || string(p.Converters[0].Config) == "{}" || string(p.Scorers[0].Config) == "{}" || p.Bounds.MaxTurns != 3 {
		t.Error("the plan itself was changed")
	}
}

func TestACatalogHoldsWhatIsUsedOnce(t *testing.T) {
	from := record.Catalog{{Info: core.Info{Kind: core.KindScorer, Name: "match"}}, {Info: core.Info{Kind: core.KindTarget, Name: "chat"}}}
	used := func(yield func(core.Kind, string) bool) {
		for _, use := range []string{"match", "match", "unknown"} {
			if !yield(core.KindScorer, use) {
				return
			}
		}
	}
	if got := cassette.CatalogOf(used, from); len(got) != 1 || got[0].Info.Name != "match" {
		t.Errorf("catalog %+v, want match once", got)
	}
}
