package host

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// closeTimeout bounds the closing of an instance.
const closeTimeout = 5 * time.Second

// instance is an opened component. It lives and dies with its process.
type instance struct {
	process *process
	info    core.Info
	use     string // as the campaign names it
	id      string
	close   func() error
	// access is what it may use of the campaign's targets.
	access *access
}

func (p *process) open(ctx context.Context, info core.Info, use string, config []byte, targets core.Targets) (*instance, error) {
	kind, err := wire.EncodeKind(info.Kind)
	if err != nil {
		return nil, err
	}
	access, err := p.services.admit(p.modelsOf(info, config), targets)
	if err != nil {
		return nil, err
	}
	service := pb.NewPluginServiceClient(p.conn)
	opened, err := service.Open(ctx, access.open(&pb.OpenRequest{Kind: kind, Name: info.Name, Config: config}))
	if err != nil {
		return nil, p.failure(ctx, err)
	}
	i := &instance{process: p, info: info, use: use, id: opened.GetInstance(), access: access}
	i.close = sync.OnceValue(func() error {
		if p.run.ended() {
			return nil // it went with its process
		}
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		_, err := service.Close(ctx, &pb.CloseRequest{Instance: i.id})
		return p.failure(ctx, err)
	})
	return i, nil
}

func (p *process) checkConfig(ctx context.Context, info core.Info, config []byte) error {
	kind, err := wire.EncodeKind(info.Kind)
	if err != nil {
		return err
	}
	_, err = pb.NewPluginServiceClient(p.conn).CheckConfig(ctx, &pb.CheckConfigRequest{Kind: kind, Name: info.Name, Config: config})
	if wire.DecodeError(err) == nil && status.Code(err) == codes.Unimplemented {
		return nil // it leaves the call out
	}
	err = p.failure(ctx, err)
	if _, several := errors.AsType[core.Errors](err); several {
		return err
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Kind == core.KindConfig {
		return core.Errors{e}
	}
	return err
}

// Close releases the instance. It may be called more than once.
func (i *instance) Close() error { return i.close() }
