package plan

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
)

func TestTheTextsOfAPlanAreBounded(t *testing.T) {
	p := newPlanner(&campaign.Campaign{}, nil, Options{})
	p.textsLeft = 10
	a := &campaign.Attack{Name: "a", Turns: []campaign.Turn{{Parts: []campaign.Part{{User: campaign.Text{Written: "{{ .text }}"}}}}}}
	fill := func(row int, text string) (filled bool) {
		f := filler{report: &p.report, textsLeft: &p.textsLeft, attack: a, row: row, cells: map[string]string{"text": text}}
		f.script(strategy.Script{{Parts: make([]strategy.Part, 1)}})
		return !f.failed
	}
	if !fill(0, "ten bytes!") {
		t.Fatalf("a text that fits: %v", p.report.Problems(""))
	}
	if fill(1, "!") || !strings.Contains(p.report.Problems("").Error(), "row 2 of dataset") {
		t.Errorf("a text that does not fit: %v", p.report.Problems(""))
	}
}
