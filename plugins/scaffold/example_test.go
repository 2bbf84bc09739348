package scaffold_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/scaffold"
)

// What is in the folder of a new plugin? It never writes over what is there.
func ExamplePlugin_Write() {
	dir, err := os.MkdirTemp("", "scaffold")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()
	plugin := scaffold.Plugin{Name: "acme", Kind: core.KindScorer, Module: "example.org/acme", Version: "v0.1.0"}
	files, err := plugin.Write(filepath.Join(dir, "acme"))
	for _, f := range files {
		fmt.Println(filepath.Base(f))
	}
	fmt.Println(err)
	_, err = plugin.Write(filepath.Join(dir, "acme"))
	fmt.Println(err != nil)
	// Output:
	// README.md
	// campaign.yaml
	// go.mod
	// main.go
	// main_test.go
	// scorer.go
	// scorer_test.go
	// <nil>
	// true
}
