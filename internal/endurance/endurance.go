package endurance

import (
	"os"
	"testing"
)

// Variable is the environment variable that asks for the long forms. Any value but
// the empty one does; tests of the command line read a size from it, such as
// 2000x20.
const Variable = "ENDURANCE"

// Wanted reports whether the long forms are asked for.
func Wanted() bool { return os.Getenv(Variable) != "" }

// Only skips a test that has no short form, unless the long forms are asked for.
func Only(t testing.TB) {
	t.Helper()
	if !Wanted() {
		t.Skipf("takes long: set %s=1 to run it", Variable)
	}
}
