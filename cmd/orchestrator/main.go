// Command orchestrator attacks AI systems that its users are authorised to
// test, as campaign files describe, and reports what was found.
package main

import (
	"os"
	_ "time/tzdata" // for systems without time zones of their own

	"github.com/redteam-orchestrator/orchestrator/cmd/orchestrator/internal/cli"
)

func main() {
	os.Exit(cli.Main())
}
