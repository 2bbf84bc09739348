package host

import (
	"context"
	"io"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// converter is a converter in a plugin.
type converter struct{ *instance }

var (
	_ core.Converter = (*converter)(nil)
	_ io.Closer      = (*converter)(nil)
)

// Convert implements [core.Converter].
func (c *converter) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	value, err := wire.EncodeValue(in)
	if err != nil {
		return core.Value{}, err
	}
	var converted *pb.ConvertResponse
	err = c.call(ctx, func(o opened) (err error) {
		calling, end := o.grant.beginCall(ctx)
		defer end()
		converted, err = pb.NewConverterServiceClient(o.process.conn).Convert(calling, &pb.ConvertRequest{Instance: o.id, Value: value, Seed: core.Seed(ctx)})
		return o.process.failure(ctx, err)
	})
	if err != nil {
		return core.Value{}, err
	}
	out, warnings, err := wire.DecodeConverted(converted)
	if err != nil {
		return core.Value{}, c.ofComponent(err)
	}
	if !slices.Contains(c.info.Out, out.Modality) {
		return core.Value{}, c.ofComponent(core.Errorf(core.ErrorProtocol, "the converter returned %s, and is described as giving %v", out.Modality, c.info.Out))
	}
	for _, w := range warnings {
		core.Warn(ctx, "%s", w)
	}
	return out, nil
}
