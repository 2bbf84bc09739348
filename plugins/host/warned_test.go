package host_test

import (
	"slices"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestWhatAConverterWarnsOfReachesWhoeverCallsIt(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	for use, want := range map[string][]string{"warns": {`cannot say "hi"`, "nor anything else"}, "seed": nil} {
		c, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), use, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, warned := core.WithWarnings(t.Context())
		if _, err := c.Convert(ctx, core.TextValue("hi")); err != nil {
			t.Fatal(err)
		}
		if got := warned.Texts(); !slices.Equal(got, want) {
			t.Errorf("%s warned of %q, want %q", use, got, want)
		}
	}
}
