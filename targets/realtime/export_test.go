package realtime

import (
	"context"
	"net"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// DialBy has a target reach its service by dial, whatever its address.
func DialBy(t core.Target, dial func(context.Context) (net.Conn, error)) {
	t.(*target).network.dialer.NetDialContext = func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) }
}
