package core_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestACallKeepsItsWarningsInOrderAndEachOnce(t *testing.T) {
	ctx, warned := core.WithWarnings(t.Context())
	inner, warnedWithin := core.WithWarnings(ctx)
	core.Warn(inner, "of another call")
	for _, w := range []string{"a", "b", "a", "", "100 %"} {
		core.Warn(core.WithSeed(ctx, 7), "%s", w)
	}
	if got := warned.Texts(); !slices.Equal(got, []string{"a", "b", "100 %"}) {
		t.Errorf("warnings %q", got)
	}
	if got := warnedWithin.Texts(); !slices.Equal(got, []string{"of another call"}) {
		t.Errorf("the call within warned of %q", got)
	}
}

func TestAWarningThatNobodyCollectsIsNoFault(t *testing.T) {
	core.Warn(t.Context(), "nobody listens")
	_, warned := core.WithWarnings(t.Context())
	if got := warned.Texts(); len(got) != 0 {
		t.Errorf("warnings %q, want none", got)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	ctx, warned := core.WithWarnings(t.Context())
	core.Warn(ctx, "%s", strings.Repeat("ä", 3000)+"end")
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() { core.Warn(ctx, "%s", fmt.Sprint("one of many: ", i)) })
	}
	group.Wait()
	got := warned.Texts()
	if len(got) != 20 || len(got[0]) > 2003 || !strings.HasSuffix(got[0], "ä…") || !utf8.ValidString(got[0]) {
		t.Errorf("%d warnings, the first of %d bytes: …%q; want 20, and 2000 bytes", len(got), len(got[0]), got[0][len(got[0])-8:])
	}
}
