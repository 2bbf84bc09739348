package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Lines prints each line of a text with the program's name and a kind, "error",
// "warning" or "hint", which tell it from a command's output.
func Lines(w io.Writer, what, text string) {
	for line := range strings.SplitSeq(text, "\n") {
		fmt.Fprintf(w, "orchestrator: %s: %s\n", what, line)
	}
}

// Problem prints a problem of a file, followed by the line of source at its
// position.
func Problem(w io.Writer, what string, p yamlfile.Problem, source []byte) {
	fmt.Fprintf(w, "orchestrator: %s: %v\n%s", what, p, p.Snippet(source))
}
