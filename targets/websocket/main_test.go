package wstarget_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

func components() []core.Component { return []core.Component{wstarget.Component()} }

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "plugintest-") {
		plugintest.Main(m, components()...)
		return
	}
	goleak.VerifyTestMain(m)
}

func TestTheTargetConforms(t *testing.T) {
	plugintest.Test(t, components(), plugintest.Case{
		Kind: core.KindTarget, Use: "websocket",
		Config: config(serve(t, each(func(c talk, text string) {
			if strings.HasPrefix(text, `{"say"`) {
				c.say(`{"reply":"heard"}`)
			}
		})), keys{
			"opening": []any{keys{"system": "$(system_prompt)", "history": "$(history)"}},
			"message": []any{keys{"say": "$(prompt)"}},
			"reply":   keys{"text": ".reply", "end": ".reply"},
		}),
	})
}

// inProcess opens the target in this process.
type inProcess struct{}

func (inProcess) Open(ctx context.Context, _ core.Kind, _ string, config []byte) (any, error) {
	return wstarget.Component().Open(ctx, config)
}

type keys = map[string]any

func config(url string, more keys) string {
	all := keys{"url": url, "greeting": false}
	for key, value := range more {
		all[key] = value
	}
	encoded, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func with(k keys, more ...any) keys {
	all := keys{}
	for key, value := range k {
		all[key] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		all[more[i].(string)] = more[i+1]
	}
	return all
}

func opened(t *testing.T, s core.Opener, config string) core.Target {
	t.Helper()
	target, err := core.OpenAs[core.Target](t.Context(), s, "websocket", []byte(config))
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	return target
}

func begin(t *testing.T, target core.Target, start core.Start) core.Conversation {
	t.Helper()
	c, err := target.StartConversation(t.Context(), start)
	if err != nil {
		t.Fatalf("starting a conversation: %v", err)
	}
	t.Cleanup(func() {
		if err := c.End(context.WithoutCancel(t.Context())); err != nil {
			t.Errorf("ending the conversation: %v", err)
		}
	})
	return c
}

// outcome is what is expected of one message.
type outcome struct {
	text   string
	finish core.Finish
	detail string
	kind   core.ErrorKind
	says   string
	warns  string
}

func (o outcome) check(t *testing.T, reply core.Reply, err error) {
	t.Helper()
	if reply.Message.Text() != o.text || reply.Finish != o.finish || !strings.Contains(reply.Detail, o.detail) {
		t.Errorf("the reply is %s (%s): %q; want %s (%s): %q", reply.Finish, reply.Detail, reply.Message.Text(), o.finish, o.detail, o.text)
	}
	if core.KindOf(err) != o.kind || !strings.Contains(fmt.Sprint(err), o.says) {
		t.Errorf("error %v (%s), want %q saying %q", err, core.KindOf(err), o.kind, o.says)
	}
	if warnings := strings.Join(reply.Warnings, "\n"); !strings.Contains(warnings, o.warns) || o.warns == "" && warnings != "" {
		t.Errorf("warnings %q, want %q", warnings, o.warns)
	}
}
