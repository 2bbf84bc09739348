package host_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTheSeedOfACallReachesThePlugin(t *testing.T) {
	t.Parallel()
	h, _ := newHost(t, nil)
	c, err := core.OpenAs[core.Converter](t.Context(), h.Using(nil), "seed", nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.Convert(core.WithSeed(t.Context(), 1<<63+7), core.TextValue("hi"))
	if err != nil || out.Text() != "9223372036854775815" {
		t.Errorf("the seed there is %q (%v)", out.Text(), err)
	}
}
