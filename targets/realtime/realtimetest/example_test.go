package realtimetest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

// ask holds a conversation of one turn with a server.
func ask(web *httptest.Server) (core.Reply, error) {
	ctx := context.Background()
	config := fmt.Sprintf(`{"endpoint": "%s/v1", "model": "m", "output": "text"}`, web.URL)
	target, err := core.Open[core.Target](ctx, realtime.Component(), []byte(config))
	if err != nil {
		return core.Reply{}, err
	}
	conversation, err := target.StartConversation(ctx, core.Start{})
	if err != nil {
		return core.Reply{}, err
	}
	defer func() { _ = conversation.End(ctx) }()
	return conversation.Send(ctx, core.UserText("Good morning."))
}

// A client is tested against a server of its own, with an agent of a line.
func ExampleServer() {
	agent := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		return "You said: " + items[len(items)-1].Text, nil
	}}
	server := realtimetest.NewServer(agent, realtimetest.Options{})
	defer func() { _ = server.Close() }()
	web := httptest.NewServer(server)
	defer web.Close()

	reply, err := ask(web)
	fmt.Println(reply.Message.Text(), reply.Finish, err)
	fmt.Println(server.Stats().Turns, "turn")
	// Output:
	// You said: Good morning. complete <nil>
	// 1 turn
}

// What does a client make of a reply that a length limit cut off, and of a service
// that lets nobody in?
func ExampleOptions_faults() {
	for _, name := range []string{"truncated", "forbidden"} {
		fault, err := realtimetest.ParseFault(name)
		if err != nil {
			fmt.Println(err)
			return
		}
		server := realtimetest.NewServer(realtimetest.ToneAgent{}, realtimetest.Options{Faults: []realtimetest.Fault{fault}})
		web := httptest.NewServer(server)
		reply, err := ask(web)
		fmt.Printf("%s: reply %q, error %q\n", fault, reply.Finish, core.KindOf(err))
		web.Close()
		_ = server.Close()
	}
	// Output:
	// truncated: reply "truncated", error ""
	// forbidden: reply "", error "auth"
}

// "@2" lets a fault happen the second time only. An unknown one is refused, and the
// message lists those that there are.
func ExampleParseFault() {
	fault, err := realtimetest.ParseFault("drop-mid-reply@2")
	fmt.Println(fault.Kind, fault.Turn, err)
	_, err = realtimetest.ParseFault("drop-everything")
	fmt.Println(err != nil && strings.Contains(err.Error(), string(realtimetest.DropMidReply)))
	// Output:
	// drop-mid-reply 2 <nil>
	// true
}
