package host

import (
	"slices"
	"testing"
)

func TestAProgramInGoIsToldToKeepToNineTenthsOfItsMemory(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int64]string{
		4 << 30: "GOMEMLIMIT=3865470561",
		1000:    "GOMEMLIMIT=900",
	} {
		if env := environment(Limits{Memory: limit}); !slices.Contains(env, want) {
			t.Errorf("with a limit of %d bytes: %q, want %s", limit, env[0], want)
		}
	}
}
