package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/starter"
)

// ask fills in what no flag has said. On a terminal, a wrong answer is explained and
// asked for again; without one, answers that are missing are an error that names their
// flags.
func ask(ctx context.Context, env Env, a *starter.Answers) error {
	lines := bufio.NewReader(env.Stdin)
	var missing []starter.Question
	for _, q := range starter.Questions() {
		switch {
		case *q.Answer(a) != "":
			if err := q.Wrong(*a); err != nil {
				return err
			}
		case !q.Applies(*a):
		case env.Asks:
			if err := askUntilRight(ctx, env, lines, q, a); err != nil {
				return err
			}
		case !q.Optional:
			missing = append(missing, q)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	var flags, hints []string
	for _, q := range missing {
		flags = append(flags, "--"+q.Flag)
		hints = append(hints, fmt.Sprintf("--%s: %s", q.Flag, q.Text(*a)))
	}
	return usagef("orchestrator new needs %s", strings.Join(flags, " and ")).withHint("%s", strings.Join(hints, "\n"))
}

// askUntilRight asks one question until its answer will do, or the answers end.
func askUntilRight(ctx context.Context, env Env, lines *bufio.Reader, q starter.Question, a *starter.Answers) error {
	for {
		fmt.Fprintf(env.Stderr, "%s: ", q.Text(*a))
		line, err := readLine(ctx, lines)
		if err != nil {
			return err
		}
		if line == "" && q.Optional {
			return nil
		}
		if line == "" {
			printError(env.Stderr, usagef("an answer is needed").withHint("--%s gives it, too; Ctrl-C ends the questions", q.Flag))
			continue
		}
		*q.Answer(a) = line
		wrong := q.Wrong(*a)
		if wrong == nil {
			return nil
		}
		*q.Answer(a) = ""
		printError(env.Stderr, wrong)
	}
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
		return "", fmt.Errorf("asking for a first campaign, which is not written: %w", ctx.Err())
	case got := <-read:
		if got.err != nil && got.line == "" {
			return "", usagef("the answers end early").withHint("every question is a flag, too: orchestrator new --help")
		}
		return strings.TrimSpace(got.line), nil
	}
}
