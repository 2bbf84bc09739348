// Command orchestrator-plugin-acme is an example of a third party's plugin: a
// target that calls a telephone menu (IVR), a converter that spells on a keypad,
// and a scorer that recognises a number however it is read out.
package main

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins"
)

func components() []core.Component {
	return []core.Component{ivrComponent(), keypadComponent(), numberComponent()}
}

func main() {
	plugins.Serve(plugins.Info{
		Name: "acme", Version: "0.1.0",
		Permissions: core.Permissions{Network: true}, // the target's gateway
	}, components()...)
}
