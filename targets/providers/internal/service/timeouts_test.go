package service

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestTimeoutsArePositive(t *testing.T) {
	if problems := DefaultTimeouts().Check(); len(problems) != 0 {
		t.Error(problems)
	}
	for field, timeouts := range map[string]Timeouts{"timeouts.turn": {Turn: 0, Quiet: 1}, "timeouts.quiet": {Turn: 1, Quiet: -1}} {
		if problems := timeouts.Check(); len(problems) != 1 || !strings.Contains(problems[0].Error(), field) || core.KindOf(problems[0]) != core.ErrorConfig {
			t.Errorf("%+v: %v, want one error at %s", timeouts, problems, field)
		}
	}
}
