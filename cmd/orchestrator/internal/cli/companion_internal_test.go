package cli

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/examples/programs"
)

// A component that is not listed would have all companions started for it, and would not be
// named where its companion is missing; one that is listed only would be promised.
func TestWhatTheCompanionOffersIsListed(t *testing.T) {
	t.Parallel()
	bin := programs.Build(t)
	out, err := exec.Command(filepath.Join(bin, "orchestrator-plugin-providers"), "describe").Output()
	if err != nil {
		t.Fatal(err)
	}
	var described struct {
		Permissions core.Permissions `json:"permissions"`
		Components  []struct {
			Kind core.Kind `json:"kind"`
			Name string    `json:"name"`
		} `json:"components"`
	}
	if err := json.Unmarshal(out, &described); err != nil {
		t.Fatal(err)
	}
	c := companions(Env{Executable: filepath.Join(bin, "orchestrator")})[0]
	if c.Missing || !described.Permissions.Equal(c.Permissions) {
		t.Errorf("the companion is described as %s, and known as %+v", out, c)
	}
	offers := map[core.Kind][]string{}
	for _, offered := range described.Components {
		offers[offered.Kind] = append(offers[offered.Kind], offered.Name)
	}
	for _, kind := range core.Kinds() {
		slices.Sort(offers[kind])
		if listed := slices.Sorted(slices.Values(c.Offers[kind])); !slices.Equal(offers[kind], listed) {
			t.Errorf("the companion offers the %ss %q, and companions() lists %q", kind, offers[kind], listed)
		}
	}
}
