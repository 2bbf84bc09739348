package cli

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
)

// checkList runs checks one after the other, and prints a line for each.
type checkList struct {
	out     io.Writer
	only    *regexp.Regexp
	timeout time.Duration

	passed, failed, skipped, left int
}

// root returns the T for the checks.
func (l *checkList) root(ctx context.Context) conformance.T { return &listed{list: l, ctx: ctx} }

// conclude prints the totals and returns the command's error.
func (l *checkList) conclude(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	total := l.passed + l.failed + l.skipped
	if total == 0 {
		return usagef("no check has a name that --run matches").withHint("without --run, all checks are run and named")
	}
	fmt.Fprintf(l.out, "\n%s: %d ok, %d failed, %d skipped", phrase.Count(total, "check"), l.passed, l.failed, l.skipped)
	if l.left > 0 {
		fmt.Fprintf(l.out, "; %d not run, because of --run", l.left)
	}
	fmt.Fprintln(l.out)
	if l.failed > 0 {
		return conclusion{exitFindings}
	}
	return nil
}

// listed is a check of the list, or a group of checks.
type listed struct {
	list *checkList
	ctx  context.Context //nolint:containedctx // as that of a testing.T
	name string

	mu       sync.Mutex
	failures []string
	skipped  string
}

var _ conformance.T = (*listed)(nil)

// Context ends when the check has taken too long, or the user interrupts it.
func (c *listed) Context() context.Context { return c.ctx }

// Group runs checks under a name.
func (c *listed) Group(name string, checks func(conformance.T)) {
	group := &listed{list: c.list, ctx: c.ctx, name: c.below(name)}
	group.do(checks)
	if len(group.failures) > 0 && c.ctx.Err() == nil { // the common part of the checks has failed
		group.print()
	}
}

// Run runs a check and prints how it ended.
func (c *listed) Run(name string, check func(conformance.T)) bool {
	if c.ctx.Err() != nil {
		return false
	}
	full := c.below(name)
	if !c.list.only.MatchString(full) {
		c.list.left++
		return true
	}
	ctx, cancel := context.WithTimeoutCause(c.ctx, c.list.timeout, fmt.Errorf("the check took longer than %v (--timeout)", c.list.timeout))
	defer cancel()
	one := &listed{list: c.list, ctx: ctx, name: full}
	one.do(check)
	if c.ctx.Err() != nil {
		return false // the user interrupted it, which is no result
	}
	one.print()
	return len(one.failures) == 0
}

func (c *listed) below(name string) string {
	if c.name == "" {
		return name
	}
	return c.name + ": " + name
}

// do calls f in a goroutine of its own, which Fatalf and Skipf end.
func (c *listed) do(f func(conformance.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(c)
	}()
	<-done
}

func (c *listed) print() {
	l := c.list
	switch {
	case len(c.failures) > 0:
		l.failed++
		fmt.Fprintf(l.out, "FAIL  %s\n", c.name)
		for _, failure := range c.failures {
			fmt.Fprintf(l.out, "      %s\n", strings.ReplaceAll(strings.TrimSpace(failure), "\n", "\n      "))
		}
	case c.skipped != "":
		l.skipped++
		fmt.Fprintf(l.out, "skip  %s: %s\n", c.name, c.skipped)
	default:
		l.passed++
		fmt.Fprintf(l.out, "ok    %s\n", c.name)
	}
}

// Errorf records a failure.
func (c *listed) Errorf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures = append(c.failures, fmt.Sprintf(format, args...))
}

// Fatalf records a failure and ends the check.
func (c *listed) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

// Skipf records why the check does not apply, and ends it.
func (c *listed) Skipf(format string, args ...any) {
	c.skipped = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
