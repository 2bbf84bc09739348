// Command orchestrator-plugin-providers stands for the companion in the tests: it can be
// built in several versions, and its target needs no service.
package main

import (
	"context"
	"os"
	"os/exec"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// version and programs are set by the linker.
var version, programs string

type config struct {
	File    string   `json:"access_token_file" format:"local-file" doc:"File to read."`
	Command []string `json:"access_token_command" format:"command" doc:"Program to run."`
}

// chat answers with what it is told, then what is in its file and what its program prints.
type chat struct{ config }

func (c chat) StartConversation(context.Context, core.Start) (core.Conversation, error) {
	return c, nil
}

func (c chat) Send(ctx context.Context, m core.Message) (core.Reply, error) {
	said := "heard " + m.Text()
	if c.File != "" {
		data, err := os.ReadFile(c.File)
		if err != nil {
			return core.Reply{}, core.Errorf(core.ErrorConfig, "%w", err)
		}
		said += ", read " + string(data)
	}
	if len(c.Command) > 0 {
		out, err := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...).Output()
		if err != nil {
			return core.Reply{}, core.Errorf(core.ErrorConfig, "%w", err)
		}
		said += ", ran " + string(out)
	}
	message := core.Message{Role: core.Assistant, Parts: []core.Part{{Value: core.TextValue(said)}}}
	return core.Reply{Message: message, Finish: core.FinishComplete}, nil
}

func (chat) End(context.Context) error { return nil }

func main() {
	text := []core.Modality{core.Text}
	target := core.NewTarget(core.Info{Name: "chat", Summary: "Chats.", In: text, Out: text}, config{},
		func(_ context.Context, c config) (core.Target, error) { return chat{c}, nil })
	permissions := core.Permissions{Network: true}
	if programs != "" {
		permissions.Programs = []string{programs}
	}
	plugins.Serve(plugins.Info{Name: "providers", Version: version, Permissions: permissions}, target)
}
