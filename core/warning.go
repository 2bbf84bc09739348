package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

type warningsKey struct{}

// Warnings are what a call of a converter has warned of. They are safe for concurrent
// use.
type Warnings struct {
	mu    sync.Mutex
	texts []string
}

const (
	// maxWarnings is how many warnings of one call are kept, and maxWarning how many
	// bytes of each.
	maxWarnings = 20
	maxWarning  = 2000
)

// WithWarnings returns the context of a call of Convert, and what the converter will
// have warned of with [Warn] when the call is over.
func WithWarnings(ctx context.Context) (context.Context, *Warnings) {
	w := &Warnings{}
	return context.WithValue(ctx, warningsKey{}, w), w
}

// Warn says what somebody who relies on the result of a call of Convert has to know,
// such as what of the value is lost in it: "cannot say …". ctx is the context of the
// call. The warning is recorded with the turn, and shown. It changes no outcome: where
// the result would test nothing, return an error. A warning that was given before in the
// same call is not repeated, of many the first 20 are kept, and of a long one the first 2000 bytes.
func Warn(ctx context.Context, format string, args ...any) {
	w, _ := ctx.Value(warningsKey{}).(*Warnings)
	if w == nil {
		return
	}
	text := fmt.Sprintf(format, args...)
	if len(text) > maxWarning {
		text = strings.ToValidUTF8(text[:maxWarning], "") + "…"
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if text != "" && len(w.texts) < maxWarnings && !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
}

// Texts returns the warnings so far, in order; nil for none.
func (w *Warnings) Texts() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.texts)
}
