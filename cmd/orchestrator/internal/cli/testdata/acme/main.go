// Command orchestrator-plugin-acme is a third party's plugin for the tests.
package main

import (
	"context"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

// version and programs are set by the linker.
var version, programs string

type speller struct{}

func (speller) Convert(_ context.Context, in core.Value) (core.Value, error) {
	return core.TextValue(strings.ToUpper(in.Text())), nil
}

func main() {
	text := []core.Modality{core.Text}
	shout := core.NewConverter(core.Info{Name: "shout", Summary: "Shouts.", In: text, Out: text}, struct{}{},
		func(context.Context, struct{}) (core.Converter, error) { return speller{}, nil })
	plugins.Serve(plugins.Info{
		Name: "acme", Version: version,
		Permissions: core.Permissions{Programs: strings.Fields(programs)},
	}, shout)
}
