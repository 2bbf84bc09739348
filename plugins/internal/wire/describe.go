package wire

import (
	"encoding/json"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// Description is a plugin's description, over the wire and, as JSON, on the
// command line.
type Description struct {
	Name       string      `json:"name"`
	Version    string      `json:"version"`
	SDKVersion string      `json:"sdk_version"`
	Components []Component `json:"components"`
	// Permissions are those that the plugin declares.
	Permissions core.Permissions `json:"permissions,omitzero"`
}

// Component is the description of one component. Config is the JSON Schema of
// its configuration.
type Component struct {
	Kind         core.Kind       `json:"kind"`
	Name         string          `json:"name"`
	Summary      string          `json:"summary,omitempty"`
	Description  string          `json:"description,omitempty"`
	In           []core.Modality `json:"in,omitempty"`
	Out          []core.Modality `json:"out,omitempty"`
	Scores       core.ScoreType  `json:"scores,omitempty"`
	Capabilities []string        `json:"capabilities,omitempty"`
	Config       json.RawMessage `json:"config"`
}

// ComponentOf describes a component whose schema is known.
func ComponentOf(i core.Info, config json.RawMessage) Component {
	return Component{
		Kind: i.Kind, Name: i.Name, Summary: i.Summary, Description: i.Description,
		In: i.In, Out: i.Out, Scores: i.Scores, Capabilities: i.Capabilities, Config: config,
	}
}

// Info returns the description without the schema.
func (c Component) Info() core.Info {
	return core.Info{
		Kind: c.Kind, Name: c.Name, Summary: c.Summary, Description: c.Description,
		In: c.In, Out: c.Out, Scores: c.Scores, Capabilities: c.Capabilities,
	}
}

// EncodeDescription returns a description for the wire.
func EncodeDescription(d Description) (*pb.DescribeResponse, error) {
	components, err := each("component", d.Components, encodeComponent)
	if err != nil {
		return nil, err
	}
	return &pb.DescribeResponse{
		Name: valid(d.Name), Version: valid(d.Version), SdkVersion: valid(d.SDKVersion),
		Components: components, Permissions: encodePermissions(d.Permissions),
	}, nil
}

// DecodeDescription returns a description from the wire.
func DecodeDescription(r *pb.DescribeResponse) (Description, error) {
	components, err := each("component", r.GetComponents(), decodeComponent)
	if err != nil {
		return Description{}, err
	}
	permissions := decodePermissions(r.GetPermissions())
	if err := permissions.Check(); err != nil {
		return Description{}, core.Errorf(core.ErrorProtocol, "%w", err)
	}
	return Description{
		Name: r.GetName(), Version: r.GetVersion(), SDKVersion: r.GetSdkVersion(),
		Components: components, Permissions: permissions,
	}, nil
}

func encodePermissions(p core.Permissions) *pb.Permissions {
	if p.IsZero() {
		return nil
	}
	return &pb.Permissions{Network: p.Network, Read: validAll(p.Read), Write: validAll(p.Write), Programs: validAll(p.Programs)}
}

func decodePermissions(p *pb.Permissions) core.Permissions {
	return core.Permissions{Network: p.GetNetwork(), Read: p.GetRead(), Write: p.GetWrite(), Programs: p.GetPrograms()}
}

func encodeComponent(c Component) (*pb.Component, error) {
	kind, err := EncodeKind(c.Kind)
	if err != nil {
		return nil, err
	}
	scores, err := encodeScoreType(c.Scores)
	if err != nil {
		return nil, err
	}
	in, err := each("input", c.In, encodeModality)
	if err != nil {
		return nil, err
	}
	out, err := each("output", c.Out, encodeModality)
	if err != nil {
		return nil, err
	}
	return &pb.Component{
		Kind: kind, Name: valid(c.Name), Summary: valid(c.Summary), Description: valid(c.Description),
		In: in, Out: out, Scores: scores, Capabilities: validAll(c.Capabilities), ConfigSchema: c.Config,
	}, nil
}

func decodeComponent(c *pb.Component) (Component, error) {
	decoded, err := decodeComponentEnums(c)
	if err != nil {
		return Component{}, fmt.Errorf("%q: %w", c.GetName(), err)
	}
	decoded.Name = c.GetName()
	decoded.Summary = c.GetSummary()
	decoded.Description = c.GetDescription()
	decoded.Capabilities = c.GetCapabilities()
	decoded.Config = c.GetConfigSchema()
	return decoded, nil
}

func decodeComponentEnums(c *pb.Component) (Component, error) {
	kind, err := DecodeKind(c.GetKind())
	if err != nil {
		return Component{}, err
	}
	scores, err := decodeScoreType(c.GetScores())
	if err != nil {
		return Component{}, err
	}
	in, err := each("input", c.GetIn(), decodeModality)
	if err != nil {
		return Component{}, err
	}
	out, err := each("output", c.GetOut(), decodeModality)
	if err != nil {
		return Component{}, err
	}
	return Component{Kind: kind, Scores: scores, In: in, Out: out}, nil
}
