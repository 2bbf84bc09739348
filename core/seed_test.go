package core_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestRandomChoicesFollowFromTheSeed(t *testing.T) {
	draw := func(seed uint64) [4]uint64 {
		source := core.Rand(core.WithSeed(t.Context(), seed))
		return [4]uint64{source.Uint64(), source.Uint64(), source.Uint64(), source.Uint64()}
	}
	if a, b := draw(7), draw(7); a != b {
		t.Errorf("seed 7 gives %v and %v", a, b)
	}
	if a, b := draw(7), draw(8); a == b {
		t.Errorf("seeds 7 and 8 both give %v", a)
	}
	if a, b := core.Rand(t.Context()).Uint64(), draw(0)[0]; core.Seed(t.Context()) != 0 || a != b {
		t.Errorf("without a seed it is %d, and gives %d; seed 0 gives %d", core.Seed(t.Context()), a, b)
	}
}
