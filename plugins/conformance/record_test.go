package conformance_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
)

// record is what a kit found: the names of the checks that failed, with why.
type record struct {
	mu     sync.Mutex
	failed map[string][]string
	ran    int
}

// failures lists the checks that failed, in alphabetical order.
func (r *record) failures() []string {
	var names []string
	for name := range r.failed {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (r *record) String() string {
	var b strings.Builder
	for _, name := range r.failures() {
		fmt.Fprintf(&b, "%s\n\t%s\n", name, strings.Join(r.failed[name], "\n\t"))
	}
	return b.String()
}

// recorded is a conformance.T that keeps failures in a record.
type recorded struct {
	record *record
	ctx    context.Context
	name   string
}

// checked runs checks and returns what they found.
func checked(ctx context.Context, check func(conformance.T)) *record {
	r := &record{failed: map[string][]string{}}
	recorded{r, ctx, ""}.do(check)
	return r
}

func (c recorded) Context() context.Context { return c.ctx }

func (c recorded) Group(name string, checks func(conformance.T)) { c.Run(name, checks) }

func (c recorded) Run(name string, check func(conformance.T)) bool {
	if c.name != "" {
		name = c.name + ": " + name
	}
	recorded{c.record, c.ctx, name}.do(check)
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.ran++
	return len(c.record.failed[name]) == 0
}

func (c recorded) do(f func(conformance.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(c)
	}()
	<-done
}

func (c recorded) Errorf(format string, args ...any) {
	c.record.mu.Lock()
	defer c.record.mu.Unlock()
	c.record.failed[c.name] = append(c.record.failed[c.name], fmt.Sprintf(format, args...))
}

func (c recorded) Fatalf(format string, args ...any) {
	c.Errorf(format, args...)
	runtime.Goexit()
}

func (recorded) Skipf(string, ...any) { runtime.Goexit() }
