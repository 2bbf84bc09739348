package host

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// opener opens components that may use targets of a campaign.
type opener struct {
	host    *Host
	targets core.Targets
}

// Using returns an opener of the plugins' components. A converter or scorer
// whose configuration names one of the targets may use it during calls of
// Convert and Score, with the context of the call.
func (h *Host) Using(targets core.Targets) core.Opener { return opener{host: h, targets: targets} }

// Open implements [core.Opener].
func (o opener) Open(ctx context.Context, kind core.Kind, use string, config []byte) (any, error) {
	targets := o.targets
	if kind == core.KindTarget {
		targets = nil // a target uses no other target
	}
	i, err := o.host.open(ctx, kind, use, config, targets)
	if err != nil {
		return nil, err
	}
	switch kind {
	case core.KindTarget:
		return &target{i}, nil
	case core.KindConverter:
		return &converter{i}, nil
	default:
		return &scorer{i}, nil
	}
}
