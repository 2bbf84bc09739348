package command_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
	"github.com/redteam-orchestrator/orchestrator/targets/command"
)

func TestTheTargetsConform(t *testing.T) {
	plugintest.Test(t, command.Components(),
		plugintest.Case{Kind: core.KindTarget, Use: "command", Config: config(self(t, "echo"), map[string]any{"accepts": []string{"text", "audio"}})},
		plugintest.Case{Kind: core.KindTarget, Use: "command/lines", Config: config([]string{"cat"}, map[string]any{"greeting": false})},
		plugintest.Case{Kind: core.KindTarget, Use: "command/once", Config: config([]string{"cat"}, nil)},
	)
}
