// Command orchestrator-plugin-providers is a first-party plugin: the targets that are
// written with the SDKs of model providers. Campaigns use them without a plugin's name,
// as they use the bundled ones.
package main

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses"
)

// components returns the targets of this program.
func components() []core.Component {
	return []core.Component{anthropic.Component(), chat.Component(), gemini.Component(), responses.Component()}
}

func main() {
	plugins.Serve(plugins.Info{
		Name: "providers", Version: plugins.BuildVersion(),
		Permissions: core.Permissions{Network: true}, // the providers' services
	}, components()...)
}
