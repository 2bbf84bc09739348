package requirement_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/requirement"
)

func TestARangeOfVersionsAllows(t *testing.T) {
	for _, test := range []struct {
		within, version string
		want            bool
	}{
		{">=0.3, <1", "0.3.0", true},
		{">=0.3, <1", "1.0.0", false},
		{"~1.2", "1.2.9", true},
		{"~1.2", "1.3.0", false},
		{"*", "7.0.0", true},
		{"*", "(devel)", false},
		{">=0.3", "0.4.0-rc.1", false},
		{">=0.3-0", "0.4.0-rc.1", true},
	} {
		if got := (requirement.Requirement{Version: test.within}).Allows(test.version); got != test.want {
			t.Errorf("%q allows %q: %v", test.within, test.version, got)
		}
	}
}
