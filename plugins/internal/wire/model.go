package wire

import (
	"maps"
	"slices"

	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// EncodeModels returns the targets of a campaign that an instance may use: the
// handles that the plugin uses for them, by the targets' names in the campaign.
func EncodeModels(handles map[string]string) []*pb.Model {
	var models []*pb.Model
	for _, target := range slices.Sorted(maps.Keys(handles)) {
		models = append(models, &pb.Model{Target: target, Instance: handles[target]})
	}
	return models
}

// DecodeModels returns the handles of the targets that an instance may use, by the
// targets' names in the campaign.
func DecodeModels(models []*pb.Model) map[string]string {
	handles := map[string]string{}
	for _, m := range models {
		handles[m.GetTarget()] = m.GetInstance()
	}
	return handles
}
