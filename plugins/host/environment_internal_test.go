package host

import (
	"os"
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

func TestAProgramInGoCollectsGarbageAsOftenAsTheUserSays(t *testing.T) {
	t.Setenv("GOGC", "200")
	env := environment(Limits{Memory: 1 << 30})
	if !slices.Contains(env, "GOGC=200") || slices.Index(env, "GOGC=50") > slices.Index(env, "GOGC=200") {
		t.Errorf("the last GOGC counts, and is not the user's: %q", env)
	}
}

func TestAProgramInGoCollectsGarbageOftenByDefault(t *testing.T) {
	t.Setenv("GOGC", "")
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	if env := environment(Limits{Memory: 1 << 30}); !slices.Contains(env, "GOGC=50") {
		t.Errorf("without a setting: %q", env)
	}
}
