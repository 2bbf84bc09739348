package command

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Components returns the targets "command", "command/lines" and "command/once".
// They are three, because what a program can be told depends on how it is talked
// to, and a campaign is held against that before anything is sent.
func Components() []core.Component {
	return []core.Component{jsonComponent(), linesComponent(), onceComponent()}
}

func jsonComponent() core.Component {
	return core.NewTarget(core.Info{
		Name:    "command",
		Summary: "A program for each conversation, which reads and writes JSON messages, one a line.",
		Description: "The program reads messages from its standard input and answers on its standard output, " +
			"each as a JSON object on a line of its own. It is told the system prompt and the history, and says how its replies ended. " +
			"What it writes to standard error is kept in the record.",
		In:           []core.Modality{core.Text, core.Audio, core.Image, core.ToolResult},
		Out:          []core.Modality{core.Text, core.Audio, core.Image, core.ToolCall},
		Capabilities: []string{core.CapabilitySystemPrompt, core.CapabilityHistory, core.CapabilityMultiTurn},
	}, defaultJSON(), func(_ context.Context, c JSONConfig) (core.Target, error) {
		return open(c.Program, func() protocol { return newJSONProtocol(c) })
	})
}

func linesComponent() core.Component {
	return core.NewTarget(core.Info{
		Name:    "command/lines",
		Summary: "A program for each conversation, which reads and writes lines of text.",
		Description: "The program reads a message from its standard input and answers on its standard output. " +
			"The campaign says where a reply ends: after a line, at an empty line, at a marker or at a prompt, or when nothing comes any more, " +
			"which is no certain end.",
		In:           []core.Modality{core.Text},
		Out:          []core.Modality{core.Text},
		Capabilities: []string{core.CapabilityMultiTurn},
	}, defaultLines(), func(_ context.Context, c LinesConfig) (core.Target, error) {
		return open(c.Program, func() protocol { return newLinesProtocol(c) })
	})
}

func onceComponent() core.Component {
	return core.NewTarget(core.Info{
		Name:    "command/once",
		Summary: "A program for each message, which reads it, answers, and ends.",
		Description: "The program reads the message from its standard input, which ends with it, and answers on its standard output. " +
			"The reply is all that it writes until it ends with status 0. It remembers no turn before.",
		In:  []core.Modality{core.Text},
		Out: []core.Modality{core.Text},
	}, defaultOnce(), func(_ context.Context, c OnceConfig) (core.Target, error) {
		return open(c.Program, func() protocol { return newOnceProtocol(c) })
	})
}

// target is a program with its configuration.
type target struct {
	program Program
	// path is the program's absolute path.
	path     string
	protocol func() protocol
}

var _ core.Target = (*target)(nil)

func open(p Program, protocol func() protocol) (core.Target, error) {
	path, err := p.find()
	if err != nil {
		return nil, err
	}
	return &target{program: p, path: path, protocol: protocol}, nil
}

// StartConversation starts the program, tells it how the conversation begins, and
// waits for its greeting where there is to be one.
func (t *target) StartConversation(ctx context.Context, start core.Start) (core.Conversation, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	p := t.protocol()
	opening, err := p.opening(start)
	if err != nil {
		return nil, err
	}
	process, err := t.start()
	if err != nil {
		return nil, err
	}
	c := &conversation{target: t, process: process, protocol: p}
	if err := c.open(ctx, opening); err != nil {
		return nil, err // the program was killed
	}
	return c, nil
}
