package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// Needs prints the outside resources of a run of a campaign.
func Needs(w io.Writer, n plan.Needs) {
	list := func(names []string) string {
		if len(names) == 0 {
			return "none"
		}
		return strings.Join(names, ", ")
	}
	fmt.Fprintf(w, "  needs: hosts %s; secrets %s; programs %s", list(n.Hosts), list(n.Secrets), list(n.Programs))
	if len(n.Files) > 0 { // few campaigns name any
		fmt.Fprintf(w, "; files %s", list(n.Files))
	}
	if len(n.Webhooks) > 0 {
		fmt.Fprintf(w, "; webhooks %s", list(n.Webhooks))
	}
	fmt.Fprintln(w)
}
