package stats_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func TestRowsCountTheTrialsOfAttacksAndVariantsInTheirOrder(t *testing.T) {
	var rows stats.Rows
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "studio"}, core.Defended, 2)
	rows.Add(stats.Of{Attack: "polite", Target: "agent"}, core.Errored, 1)
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "phone"}, "", 3)
	rows.Add(stats.Of{Attack: "zealous", Target: "agent", Variant: "studio"}, core.Succeeded, 1)
	if len(rows) != 2 || rows[0].Name != "zealous" || rows[1].Name != "polite" {
		t.Fatalf("the rows are %+v", rows)
	}
	zealous := rows[0]
	if len(zealous.Variants) != 2 || zealous.Variants[0].Name != "studio" || zealous.Variants[0].Trials() != 3 || zealous.Variants[1].Open != 3 {
		t.Errorf("the variants are %+v", zealous.Variants)
	}
	if want := (stats.Tally{Succeeded: 1, Defended: 2}); zealous.Tally != want || zealous.Open != 3 {
		t.Errorf("zealous is %+v", zealous)
	}
	all := rows.Total()
	if want := (stats.Tally{Succeeded: 1, Defended: 2, Errored: 1}); all.Tally != want || all.Trials() != 7 {
		t.Errorf("the total is %+v", all)
	}
}

func TestRowsCountEachTargetOfAnAttack(t *testing.T) {
	var rows stats.Rows
	for _, target := range []string{"a", "b"} {
		rows.Add(stats.Of{Attack: "polite", Target: target, Variant: "phone"}, core.Defended, 2)
	}
	rows.Add(stats.Of{Attack: "polite", Target: "b", Variant: "studio"}, core.Succeeded, 1)
	polite := rows[0]
	if polite.Trials() != 5 || len(polite.Targets) != 2 || len(polite.Variants) != 2 || polite.Variants[0].Trials() != 4 {
		t.Fatalf("polite is %+v", polite)
	}
	b := polite.Targets[1]
	if b.Name != "b" || b.Trials() != 3 || len(b.Variants) != 2 || b.Variants[0].Trials() != 2 || b.Tally.Succeeded != 1 {
		t.Errorf("target b is %+v", b)
	}
	if all := rows.Total(); all.Trials() != 5 {
		t.Errorf("the total is %+v", all)
	}
}
