package wire

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// EncodeConverted returns what a converter made, and what it warned of, for the wire.
func EncodeConverted(v core.Value, warnings []string) (*pb.ConvertResponse, error) {
	value, err := EncodeValue(v)
	if err != nil {
		return nil, err
	}
	return &pb.ConvertResponse{Value: value, Warnings: validAll(warnings)}, nil
}

// DecodeConverted returns what a converter made, and what it warned of.
func DecodeConverted(r *pb.ConvertResponse) (core.Value, []string, error) {
	value, err := DecodeValue(r.GetValue())
	if err != nil {
		return core.Value{}, nil, err
	}
	if n := len(r.GetWarnings()); n > maxWarnings {
		return core.Value{}, nil, core.Errorf(core.ErrorProtocol, "the conversion has %d warnings, more than %d", n, maxWarnings)
	}
	return value, r.GetWarnings(), nil
}
