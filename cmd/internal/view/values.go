package view

import (
	"fmt"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// Values prints what a campaign is given from outside of its file, and the defaults of
// its parameters, each on a line that begins with indent.
func Values(w io.Writer, indent string, values []store.Value) {
	for _, v := range values {
		fmt.Fprintf(w, "%s%s\n", indent, v)
	}
}
