package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestADescriptionThatIsTooLongIsNotKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orchestrator-plugin-endless")
	if err := os.WriteFile(path, []byte("#!/bin/sh\nexec head -c 20000000 /dev/zero\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	p := newPlugin(t.Context(), Options{Log: hclog.NewNullLogger(), Limits: Limits{}.withDefaults()}, program{name: "endless", argv: []string{path}, origin: third})
	_, err := p.askProgram(t.Context())
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "the plugin printed more than 8.0 MiB") {
		t.Errorf("error %v", err)
	}
}
