package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/plan"
)

// Needs prints the outside resources of a run of a campaign, and which of its
// components speak to them in the clear.
func Needs(w io.Writer, n plan.Needs, plain []plan.PlainAddress) {
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
	for _, a := range plain {
		fmt.Fprintf(w, "  in the clear: %s to %s\n", a.Definition, a.Host)
	}
}
