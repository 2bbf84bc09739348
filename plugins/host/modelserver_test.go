package host_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

type judgeConfig struct {
	Model core.Model   `json:"model" doc:"Who judges."`
	Jury  []core.Model `json:"jury" doc:"Who else."`
}

// judge is a scorer that does with its model what the objective says.
type judge struct {
	config judgeConfig
	kept   *kept
}

// kept is what the judges of a process leave for each other.
type kept struct {
	mu    sync.Mutex
	model core.Model
	talk  core.Conversation
	ctx   context.Context
}

func judgeComponents() []core.Component {
	shared := &kept{}
	text := []core.Modality{core.Text}
	return []core.Component{
		core.NewScorer(core.Info{Name: "judge", In: text}, judgeConfig{}, func(_ context.Context, c judgeConfig) (core.Scorer, error) {
			return judge{c, shared}, nil
		}),
		core.NewScorer(core.Info{Name: "hasty", In: text}, judgeConfig{}, func(ctx context.Context, c judgeConfig) (core.Scorer, error) {
			_, err := c.Model.StartConversation(ctx, core.Start{})
			return judge{c, shared}, err
		}),
		core.NewConverter(core.Info{Name: "reword", In: text, Out: text}, judgeConfig{}, func(_ context.Context, c judgeConfig) (core.Converter, error) {
			return convert(func(ctx context.Context, in core.Value) (core.Value, error) {
				said, err := say(ctx, c.Model, core.Message{Role: core.User, Parts: []core.Part{{Value: in}}})
				return core.TextValue(said), err
			}), nil
		}),
	}
}

func (j judge) Score(ctx context.Context, e core.Evidence) (core.Score, error) {
	j.kept.mu.Lock()
	defer j.kept.mu.Unlock()
	message := core.Message{Role: core.User}
	for _, v := range e.Values {
		message.Parts = append(message.Parts, core.Part{Value: v})
	}
	said, err := "", error(nil)
	switch e.Objective {
	case "ask":
		said, err = say(ctx, j.config.Model, message)
	case "ask for what breaks off":
		said, err = j.askForWhatBreaksOff(ctx, message)
	case "ask the jury":
		said, err = say(ctx, j.config.Jury[1], message)
	case "ask in the background":
		said, err = say(context.Background(), j.config.Model, message)
	case "ask a little":
		said, err = j.askALittle(ctx, message)
	case "interrupt":
		said, err = j.interrupt(ctx)
	case "leave open":
		_, err = j.config.Model.StartConversation(ctx, core.Start{})
	case "keep":
		j.kept.model, j.kept.ctx = j.config.Model, context.WithoutCancel(ctx)
		j.kept.talk, err = j.config.Model.StartConversation(ctx, core.Start{})
	case "ask what is kept":
		said, err = say(ctx, j.kept.model, message)
	case "ask for the call before":
		said, err = say(j.kept.ctx, j.kept.model, message)
	case "go on with what is kept":
		_, err = j.kept.talk.Send(ctx, message)
	case "die":
		if _, err = j.config.Model.StartConversation(ctx, core.Start{}); err == nil {
			exit()
		}
	}
	return core.UnknownScore(said), err
}

// say asks a model once.
func say(ctx context.Context, model core.Model, m core.Message) (string, error) {
	talk, err := model.StartConversation(ctx, core.Start{SystemPrompt: "You judge.", History: []core.Message{core.UserText("before")}})
	if err != nil {
		return "", err
	}
	reply, err := talk.Send(ctx, m)
	if err != nil {
		return "", err
	}
	heard := 0
	for _, v := range reply.Message.Of(core.Audio) {
		heard += len(v.Data)
	}
	return fmt.Sprintf("%s (%d bytes, %s, %d tokens)", reply.Message.Text(), heard, reply.Finish, reply.Usage.InputTokens), talk.End(ctx)
}

// exit ends the process.
func exit() { os.Exit(3) }

// askALittle gives up before it has an answer.
func (j judge) askALittle(ctx context.Context, m core.Message) (string, error) {
	hurry, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	said, err := say(hurry, j.config.Model, m)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return "no patience", nil
	}
	return said, err
}

// askForWhatBreaksOff tells of a reply and of the error that came with it.
func (j judge) askForWhatBreaksOff(ctx context.Context, m core.Message) (string, error) {
	talk, err := j.config.Model.StartConversation(ctx, core.Start{})
	if err != nil {
		return "", err
	}
	reply, err := talk.Send(ctx, m)
	return fmt.Sprintf("%s (%s): %v, which speaks of %s", reply.Message.Text(), reply.Finish, err, core.SubjectOf(err)), nil
}

func (j judge) interrupt(ctx context.Context) (string, error) {
	talk, err := j.config.Model.StartConversation(ctx, core.Start{})
	if err != nil {
		return "", err
	}
	over := core.UserText("stop")
	over.Delivery.InterruptAfter = time.Second
	replies, err := talk.(core.Interruptible).Exchange(ctx, []core.Message{core.UserText("go on"), over})
	var said []string
	for _, r := range replies {
		said = append(said, r.Message.Text())
	}
	return strings.Join(said, ", "), err
}

// oracle is a target of the campaign, in the host's process.
type oracle struct {
	name string
	// answer may be nil.
	answer func(ctx context.Context, m core.Message) (core.Reply, error)

	mu          sync.Mutex
	starts      []core.Start
	values      []any
	open, ended int
}

type oracleKey struct{}

func (o *oracle) StartConversation(ctx context.Context, s core.Start) (core.Conversation, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.starts, o.values = append(o.starts, s), append(o.values, ctx.Value(oracleKey{}))
	o.open++
	return &oracleTalk{oracle: o}, nil
}

func (o *oracle) counts() (open, ended int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.open, o.ended
}

type oracleTalk struct {
	oracle *oracle
	over   bool
}

func (t *oracleTalk) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	if t.oracle.answer != nil {
		return t.oracle.answer(ctx, m)
	}
	return answerOf(t.oracle.name + " heard " + m.Text()), nil
}

func (t *oracleTalk) Exchange(ctx context.Context, messages []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	for _, m := range messages {
		replies = append(replies, answerOf(fmt.Sprintf("%s after %s", m.Text(), m.Delivery.InterruptAfter)))
	}
	return replies, nil
}

func (t *oracleTalk) End(context.Context) error {
	t.oracle.mu.Lock()
	defer t.oracle.mu.Unlock()
	if !t.over {
		t.over = true
		t.oracle.open--
		t.oracle.ended++
	}
	return nil
}

func answerOf(text string) core.Reply {
	return core.Reply{
		Message: core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(text)}}},
		Finish:  core.FinishComplete, Usage: core.Usage{InputTokens: 7},
	}
}

// judging opens the judge with targets.
func judging(t *testing.T, h *host.Host, config string, targets core.Targets) core.Scorer {
	t.Helper()
	s, err := core.OpenAs[core.Scorer](t.Context(), h.Using(targets), "judge", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// does has a judge do something, and returns what it says.
func does(ctx context.Context, s core.Scorer, what string, values ...core.Value) (string, error) {
	score, err := s.Score(ctx, core.Evidence{Objective: what, Values: values, Conversation: []core.Message{core.UserText("x")}})
	return score.Rationale, err
}

func TestAScorerAsksATargetOfTheCampaignThroughTheHost(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	first, second := &oracle{name: "first"}, &oracle{name: "second"}
	s := judging(t, h, `{"model": "a", "jury": ["a", "b"]}`, core.Targets{"a": first, "b": second, "c": &oracle{}})
	ctx := context.WithValue(t.Context(), oracleKey{}, "the trial")
	for what, want := range map[string]string{
		"ask":          "first heard hi (0 bytes, complete, 7 tokens)",
		"ask the jury": "second heard hi (0 bytes, complete, 7 tokens)",
		"interrupt":    "go on after 0s, stop after 1s",
	} {
		if got, err := does(ctx, s, what, core.TextValue("hi")); got != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}
	if got := second.starts[0]; got.SystemPrompt != "You judge." || len(got.History) != 1 || got.History[0].Text() != "before" {
		t.Errorf("the conversation began with %+v", got)
	}
	if second.values[0] != "the trial" {
		t.Errorf("the call's context has not come along: %v", second.values)
	}
	converter, err := core.OpenAs[core.Converter](t.Context(), h.Using(core.Targets{"a": first}), "reword", []byte(`{"model": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := converter.Convert(t.Context(), core.TextValue("hi"))
	if want := "first heard hi (0 bytes, complete, 7 tokens)"; err != nil || out.Text() != want {
		t.Errorf("the converter says %q, %v; want %q", out.Text(), err, want)
	}
}

func TestManyCallsAskAtOnce(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	converter, err := core.OpenAs[core.Converter](t.Context(), h.Using(core.Targets{"a": &oracle{name: "a"}}), "reword", []byte(`{"model": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	var calls sync.WaitGroup
	for i := range 32 {
		calls.Go(func() {
			out, err := converter.Convert(t.Context(), core.TextValue(fmt.Sprint(i)))
			if err != nil || !strings.HasPrefix(out.Text(), fmt.Sprintf("a heard %d ", i)) {
				t.Errorf("%d: %q, %v", i, out.Text(), err)
			}
		})
	}
	calls.Wait()
}

func TestLargeSoundsGoBothWays(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	const size = 40 << 20
	got := 0
	echo := &oracle{answer: func(_ context.Context, m core.Message) (core.Reply, error) {
		sound := m.Of(core.Audio)[0]
		got = len(sound.Data)
		reply := answerOf("heard")
		reply.Message.Parts = append(reply.Message.Parts, core.Part{Value: sound})
		return reply, nil
	}}
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": echo})
	said, err := does(t.Context(), s, "ask", core.WAVValue(bytes.Repeat([]byte("x"), size)))
	if want := fmt.Sprintf("heard (%d bytes, complete, 7 tokens)", size); err != nil || said != want || got != size {
		t.Errorf("%q, %v; %d bytes arrived; want %q", said, err, got, want)
	}
}

func TestATargetsErrorComesToTheComponentAsItIs(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	down := &oracle{answer: func(context.Context, core.Message) (core.Reply, error) {
		return core.Reply{}, core.Errorf(core.ErrorRateLimited, "too fast").WithHint("wait").After(3 * time.Second)
	}}
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": down})
	_, err := does(t.Context(), s, "ask")
	if core.KindOf(err) != core.ErrorRateLimited || core.HintOf(err) != "wait" || core.RetryAfterOf(err) != 3*time.Second || err.Error() != "too fast" {
		t.Errorf("%v (%s, %q), want the target's error", err, core.KindOf(err), core.HintOf(err))
	}
}

func TestAReplyOfATargetThatBrokeOffComesToTheComponentWithItsError(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	dying := &oracle{answer: func(context.Context, core.Message) (core.Reply, error) {
		reply := answerOf("The code is")
		reply.Finish = core.FinishBroken
		return reply, core.Errorf(core.ErrorUnavailable, "connection lost").About(core.SubjectAnswer)
	}}
	got, err := does(t.Context(), judging(t, h, `{"model": "a"}`, core.Targets{"a": dying}), "ask for what breaks off")
	if want := "The code is (broken): connection lost, which speaks of answer"; got != want || err != nil {
		t.Errorf("%q and %v, want %q", got, err, want)
	}
}

func TestWhatAComponentMayNotAskIsRefusedClearly(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": &oracle{name: "a"}})
	other := judging(t, h, `{"model": "b"}`, core.Targets{"b": &oracle{name: "b"}})
	none := judging(t, h, `{}`, core.Targets{"a": &oracle{name: "a"}})
	if _, err := does(t.Context(), s, "keep"); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		who   core.Scorer
		what  string
		kind  core.ErrorKind
		words string
	}{
		{s, "ask in the background", core.ErrorProtocol, `model "a" is asked outside of a call`},
		{s, "ask for the call before", core.ErrorProtocol, "asked for a call that is over"},
		{s, "go on with what is kept", core.ErrorProtocol, "asked for a call that is over"},
		{other, "ask what is kept", core.ErrorProtocol, "no target is called"},
		{none, "ask", core.ErrorConfig, "no model is configured"},
	} {
		_, err := does(t.Context(), test.who, test.what)
		if core.KindOf(err) != test.kind || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: %v (%s), want one of kind %s that says %q", test.what, err, core.KindOf(err), test.kind, test.words)
		}
	}
	_, err := core.OpenAs[core.Scorer](t.Context(), h.Using(core.Targets{"a": &oracle{}}), "hasty", []byte(`{"model": "a"}`))
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "asked outside of a call") {
		t.Errorf("asking while it is opened: %v, want it refused", err)
	}
	_, err = core.OpenAs[core.Scorer](t.Context(), h.Using(core.Targets{"b": &oracle{}}), "judge", []byte(`{"model": "a"}`))
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), `model: there is no target "a" that it could use`) {
		t.Errorf("a target that is not there: %v, want it refused at its key", err)
	}
}

func TestConversationsThatAComponentLeavesOpenAreEndedWithItsCall(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	a := &oracle{}
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": a})
	for range 3 {
		if _, err := does(t.Context(), s, "leave open"); err != nil {
			t.Fatal(err)
		}
	}
	if open, ended := a.counts(); open != 0 || ended != 3 {
		t.Errorf("%d conversations are open and %d ended, want 0 and 3", open, ended)
	}
}

// endless answers when its context ends.
func endless(started chan<- struct{}) *oracle {
	return &oracle{answer: func(ctx context.Context, _ core.Message) (core.Reply, error) {
		started <- struct{}{}
		<-ctx.Done()
		return core.Reply{}, ctx.Err()
	}}
}

func TestACallThatIsCancelledCancelsWhatIsAskedForIt(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	started := make(chan struct{}, 1)
	a := endless(started)
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": a})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	if _, err := does(ctx, s, "ask"); err == nil {
		t.Error("a call that was cancelled has a result")
	}
	if open, ended := a.counts(); open != 0 || ended != 1 {
		t.Errorf("%d conversations are open and %d ended when the call is over, want 0 and 1", open, ended)
	}
}

func TestAComponentMayGiveUpOnItsModel(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	a := endless(make(chan struct{}, 1))
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": a})
	if said, err := does(t.Context(), s, "ask a little"); said != "no patience" || err != nil {
		t.Errorf("%q, %v", said, err)
	}
	if open, _ := a.counts(); open != 0 {
		t.Errorf("%d conversations are open", open)
	}
}

func TestAProcessThatDiesWhileItAsksLeavesNothingOpenAndIsReplaced(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	a := &oracle{name: "a"}
	targets := core.Targets{"a": a}
	s := judging(t, h, `{"model": "a"}`, targets)
	if _, err := does(t.Context(), s, "die"); core.KindOf(err) != core.ErrorUnavailable {
		t.Errorf("%v, want an error of kind unavailable", err)
	}
	// It is asked once more in the next process, and dies again.
	if open, ended := a.counts(); open != 0 || ended != 2 {
		t.Errorf("%d conversations are open and %d ended, want 0 and 2", open, ended)
	}
	again := judging(t, h, `{"model": "a"}`, targets)
	if said, err := does(t.Context(), again, "ask", core.TextValue("hi")); err != nil || !strings.HasPrefix(said, "a heard hi") {
		t.Errorf("the next process says %q, %v", said, err)
	}
}

func TestAPluginThatFreezesBeforeItFetchesAReplyHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	pid := pidOf(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	a := &oracle{answer: func(context.Context, core.Message) (core.Reply, error) {
		signalTo(t, pid, syscall.SIGSTOP)
		time.AfterFunc(200*time.Millisecond, cancel)
		reply := answerOf("")
		reply.Message.Parts = append(reply.Message.Parts, core.Part{Value: core.WAVValue(make([]byte, 40<<20))})
		return reply, nil
	}}
	s := judging(t, h, `{"model": "a"}`, core.Targets{"a": a})
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = does(ctx, s, "ask")
	}()
	select {
	case <-over:
	case <-time.After(30 * time.Second):
		t.Error("a call that was cancelled waits for a frozen plugin")
		signalTo(t, pid, syscall.SIGCONT)
		<-over
	}
	closeWithin(t, h, 30*time.Second)
}

// sockets lists the sockets of the plugins that were started below a folder.
func sockets(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "orchestrator-*", "plugin-dir*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTheConnectionForTargetsIsMadeWhenItIsNeededOnceAndWithMutualTLS(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "t") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	t.Setenv("TMPDIR", dir)
	h, _ := newHost(t, nil)
	judging(t, h, `{}`, core.Targets{"a": &oracle{}})
	if n := len(sockets(t, dir)); n != 1 {
		t.Errorf("%d sockets before a component uses a target, want the plugin's own", n)
	}
	for range 3 {
		if _, err := does(t.Context(), judging(t, h, `{"model": "a"}`, core.Targets{"a": &oracle{}}), "ask"); err != nil {
			t.Fatal(err)
		}
	}
	all := sockets(t, dir)
	if len(all) != 2 {
		t.Errorf("sockets %q, want one more", all)
	}
	for _, path := range all {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "unix", path)
		if err != nil {
			t.Fatal(err)
		}
		stranger := tls.Client(conn, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
		if _, err = stranger.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "certificate required") {
			t.Errorf("%s lets somebody in who has no certificate: %v", path, err)
		}
		_ = conn.Close()
	}
}
