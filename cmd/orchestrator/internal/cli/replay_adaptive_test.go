package cli_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/agent"
)

func TestARunWithAnAttackersModelAndAJudgeIsReplayed(t *testing.T) {
	t.Parallel()
	line, attacker, judge := newPractice(t, nil), plays(t, agent.Attacker), plays(t, agent.Judge)
	p := startCampaign(t, strings.NewReplacer("LINE", line.endpoint(), "ATTACKER", attacker.endpoint(), "JUDGE", judge.endpoint()).Replace(redTeamed), "--record")
	if code := p.exit(); code != 1 {
		t.Fatalf("exit code %d, want 1:\n%s", code, p.output)
	}
	for _, target := range []*practice{line, attacker, judge} {
		target.closeFor(t)
	}
	replays(t, p)
}
