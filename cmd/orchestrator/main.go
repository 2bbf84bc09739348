// Command orchestrator attacks AI systems that its users are authorised to
// test, as campaign files describe, and reports what was found.
package main

import (
	"os"

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
)

func main() {
	os.Exit(cli.Main())
}
