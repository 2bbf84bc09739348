// Package targets lists the targets that come with the orchestrator. Each has
// a package of its own below this one.
package targets

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/command"
	httptarget "github.com/redteam-orchestrator/orchestrator/targets/http"
	"github.com/redteam-orchestrator/orchestrator/targets/realtime"
	wstarget "github.com/redteam-orchestrator/orchestrator/targets/websocket"
)

// All returns the bundled targets.
func All() []core.Component {
	return append(command.Components(), realtime.Component(), httptarget.Component(), wstarget.Component())
}
