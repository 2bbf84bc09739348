package wire

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// EncodeRestrictions returns the restrictions of a configuration for the wire. It
// fails for one that takes away nothing, or several things.
func EncodeRestrictions(all []core.Restriction) ([]*pb.Restriction, error) {
	return each("restriction", all, encodeRestriction)
}

func encodeRestriction(r core.Restriction) (*pb.Restriction, error) {
	out := &pb.Restriction{Hint: phrase.ShortenBytes(r.Hint, maxHint)}
	switch {
	case !r.Valid():
		return nil, core.Errorf(core.ErrorInternal, "exactly one of In, Out and Capability has to be set")
	case r.In != "":
		m, err := encodeModality(r.In)
		out.What = &pb.Restriction_In{In: m}
		return out, err
	case r.Out != "":
		m, err := encodeModality(r.Out)
		out.What = &pb.Restriction_Out{Out: m}
		return out, err
	}
	out.What = &pb.Restriction_Capability{Capability: valid(r.Capability)}
	return out, nil
}

// DecodeRestrictions returns the restrictions of a configuration from the wire. What a
// newer plugin restricts and is not known here is left out: no campaign needs it.
func DecodeRestrictions(all []*pb.Restriction) []core.Restriction {
	var out []core.Restriction
	for _, r := range all {
		decoded := core.Restriction{Capability: r.GetCapability(), Hint: phrase.ShortenBytes(r.GetHint(), maxHint)}
		decoded.In, _ = decodeModality(r.GetIn())
		decoded.Out, _ = decodeModality(r.GetOut())
		if decoded.Valid() {
			out = append(out, decoded)
		}
	}
	return out
}
