package cli

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/starter"
)

// ask fills in what no flag has said. Without a terminal, an answer that is missing
// is an error that names its flag.
func ask(ctx context.Context, env Env, a *starter.Answers) error {
	lines := bufio.NewReader(env.Stdin)
	for _, q := range starter.Questions() {
		if known := starter.Kinds(); a.Target != "" && !slices.Contains(known, a.Target) {
			return usagef("%q is no target of a first campaign", a.Target).suggesting(a.Target, known).
				withHint("one of %s", strings.Join(known, ", "))
		}
		answer := q.Answer(a)
		if *answer != "" || !q.Applies(*a) {
			continue
		}
		if !env.Asks {
			if q.Optional {
				continue
			}
			return usagef("orchestrator new needs --%s", q.Flag).withHint("%s", q.Text)
		}
		fmt.Fprintf(env.Stderr, "%s: ", q.Text)
		line, err := readLine(ctx, lines)
		if err != nil {
			return err
		}
		if line == "" && !q.Optional {
			return usagef("orchestrator new needs an answer, or --%s", q.Flag).withHint("%s", q.Text)
		}
		*answer = line
	}
	return nil
}

// readLine reads a line, until ctx ends.
func readLine(ctx context.Context, r *bufio.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	read := make(chan result, 1)
	go func() {
		line, err := r.ReadString('\n')
		read <- result{line, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case got := <-read:
		if got.err != nil && got.line == "" {
			return "", usagef("the answers end early").withHint("every question is a flag, too: orchestrator new --help")
		}
		return strings.TrimSpace(got.line), nil
	}
}
