package plan

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

func TestTheTextsOfAPlanAreBounded(t *testing.T) {
	p := newPlanner(&campaign.Campaign{}, nil, Options{})
	p.room = 10
	a := &campaign.Attack{Name: "a", Turns: []campaign.Turn{{User: "{{ .text }}"}}}
	if _, ok := p.fill(a, 0, 0, map[string]string{"text": "ten bytes!"}); !ok {
		t.Fatalf("a text that fits: %v", p.problems)
	}
	if _, ok := p.fill(a, 0, 1, map[string]string{"text": "!"}); ok || !strings.Contains(p.problems.Error(), "row 2 of dataset") {
		t.Errorf("a text that does not fit: %v", p.problems)
	}
}
