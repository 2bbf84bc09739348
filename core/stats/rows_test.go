package stats_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/stats"
)

func TestRowsCountTheTrialsOfAttacksAndVariantsInTheirOrder(t *testing.T) {
	var rows stats.Rows
	rows.Add("zealous", "studio", core.Defended, 2)
	rows.Add("polite", "", core.Errored, 1)
	rows.Add("zealous", "phone", "", 3)
	rows.Add("zealous", "studio", core.Succeeded, 1)
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
