package compare_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/quick"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// held makes the trials of a case: one for each letter of outcomes, s for
// succeeded, d for defended, u for undetermined, e for errored and - for none.
func held(name string, row int, outcomes string) []compare.Trial {
	attack, variant, _ := strings.Cut(name, "/")
	var all []compare.Trial
	for i, letter := range outcomes {
		id := fmt.Sprintf("%s/%d", name, i+1)
		if row > 0 {
			id = fmt.Sprintf("%s/row-%d/%d", name, row, i+1)
		}
		outcome := map[rune]core.Outcome{'s': core.Succeeded, 'd': core.Defended, 'u': core.Undetermined, 'e': core.Errored}[letter]
		all = append(all, compare.Trial{ID: id, Attack: attack, Variant: variant, Row: row, Target: "agent", Success: "leaked", Outcome: outcome})
	}
	return all
}

// run makes a run that held every trial of its plan.
func run(id string, cases ...[]compare.Trial) compare.Run {
	trials := slices.Concat(cases...)
	return compare.Run{ID: id, Campaign: "demo", Source: []byte("version: 1"), Planned: len(trials), Trials: trials}
}

func many(s string, n int) string { return strings.Repeat(s, n) }

func TestWhatBecameOfACell(t *testing.T) {
	for _, test := range []struct {
		name       string
		then, now  string
		change     compare.Change
		fresh      int
		gone       int
		conclusion compare.Conclusion
	}{
		{"nothing at all", "dddd", "dddd", compare.Unmoved, 0, 0, compare.NotWorse},
		{"the same findings", "ssdd", "dssd", compare.Unmoved, 0, 0, compare.NotWorse},
		{"a first success is a new finding, though the rate did not move", "dddd", "ddsd", compare.Unmoved, 1, 0, compare.Worse},
		{"a rate that really rose", many("s", 2) + many("d", 18), many("s", 14) + many("d", 6), compare.Rose, 0, 0, compare.Worse},
		{"a rate that rose by chance", "sd" + many("d", 8), "ss" + many("d", 8), compare.Unmoved, 0, 0, compare.NotWorse},
		{"a rate that really fell", many("s", 14) + many("d", 6), many("s", 2) + many("d", 18), compare.Fell, 0, 0, compare.NotWorse},
		{"a finding that was not reproduced", "sddd", "dddd", compare.Unmoved, 0, 1, compare.NotWorse},
		{"a run that errors is no improvement", many("s", 20), many("e", 20), compare.Unknown, 0, 0, compare.NoEvidence},
		{"a run that is undetermined is no improvement", many("s", 20), many("u", 20), compare.Unknown, 0, 0, compare.NoEvidence},
		{"a run that was stopped is no improvement", many("s", 20), many("-", 20), compare.Unknown, 0, 0, compare.NoEvidence},
		{"a success after a baseline without evidence is new", "eeee", "sddd", compare.Unknown, 1, 0, compare.Worse},
		{"a baseline without evidence proves nothing", "eeee", "dddd", compare.Unknown, 0, 0, compare.NoEvidence},
		{"an attack that is new and finds something", "", "sddd", compare.Added, 1, 0, compare.Worse},
		{"an attack that was taken away", "ssss", "", compare.Removed, 0, 0, compare.NotWorse},
	} {
		t.Run(test.name, func(t *testing.T) {
			other := held("other", 0, "dddd") // which both runs have
			if strings.Contains(test.name, "baseline without evidence proves") {
				other = nil
			}
			c := compare.New(run("a", held("polite", 0, test.then), other), run("b", held("polite", 0, test.now), other), compare.Alpha)
			i := slices.IndexFunc(c.Cells, func(cell compare.Cell) bool { return cell.Attack == "polite" })
			if i < 0 || c.Cells[i].Change != test.change {
				t.Errorf("cells %+v, want polite to have %s", c.Cells, test.change)
			}
			if moved := test.change == compare.Rose || test.change == compare.Fell; c.Moved() != moved {
				t.Errorf("it moved: %v, want %v", c.Moved(), moved)
			}
			if len(c.New) != test.fresh || len(c.Gone) != test.gone || c.Conclusion != test.conclusion {
				t.Errorf("new %+v, gone %+v, %s; want %d, %d, %s", c.New, c.Gone, c.Conclusion, test.fresh, test.gone, test.conclusion)
			}
		})
	}
}

func TestANewFindingSaysHowTheBaselineStood(t *testing.T) {
	baseline := run("a", held("polite/phone", 1, "ds"), held("polite/phone", 2, "dd"), held("polite/phone", 3, "eu"))
	later := run("b", held("polite/phone", 1, "ss"), held("polite/phone", 2, "ds"), held("polite/phone", 3, "sd"), held("polite/phone", 4, "se"))
	var got []string
	for _, f := range compare.New(baseline, later, compare.Alpha).New {
		got = append(got, fmt.Sprintf("%s %v %d/%d %s %d", f.Name(), f.Trials, f.Succeeded, f.Judged, f.Other, f.OtherJudged))
	}
	want := []string{
		"polite/phone/row-2 [polite/phone/row-2/2] 1/2 defended 2",
		"polite/phone/row-3 [polite/phone/row-3/1] 1/2 not_judged 0",
		"polite/phone/row-4 [polite/phone/row-4/1] 1/1 absent 0",
	}
	if !slices.Equal(got, want) {
		t.Errorf("new findings\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAFindingIsNamedAsItsTrialsAre(t *testing.T) {
	for want, f := range map[string]compare.Finding{
		"polite":             {Attack: "polite"},
		"polite/row-1":       {Attack: "polite", Row: 1},
		"polite/phone":       {Attack: "polite", Variant: "phone"},
		"polite/phone/row-2": {Attack: "polite", Variant: "phone", Row: 2},
	} {
		if got := f.Name(); got != want {
			t.Errorf("the name is %q, want %q", got, want)
		}
	}
}

func TestAPartIsComparedWithTheWholeByWhatBothHave(t *testing.T) {
	whole := run("whole", held("polite/phone", 1, "ddss"), held("polite/phone", 2, "ssss"), held("polite/plain", 1, "ssss"), held("rude", 0, "ssss"))
	part := run("part", held("polite/phone", 1, "sd"))
	part.Selection = record.Selection{Only: []string{"polite/phone/1"}, Trials: 2}
	for name, test := range map[string]struct {
		then, now  compare.Run
		cells      []string
		conclusion compare.Conclusion
		note, says string
	}{
		"a part after the whole":   {whole, part, []string{"polite/phone"}, compare.NotWorse, "the run part is a part of its campaign (only polite/phone/1; trials: 2): compared is what both runs have", "nothing new"},
		"the whole after a part":   {part, whole, []string{"polite/phone"}, compare.NotWorse, "the baseline part is a part of its campaign (only polite/phone/1; trials: 2): compared is what both runs have", "nothing new"},
		"fewer trials of each":     {whole, selecting(whole, record.Selection{Trials: 4}), []string{"polite/phone", "polite/plain", "rude"}, compare.NotWorse, "(trials: 4)", "nothing new"},
		"two with something":       {selecting(whole, record.Selection{Only: []string{"polite"}}), part, []string{"polite/phone"}, compare.NotWorse, "the baseline whole is a part", "nothing new"},
		"two with nothing":         {selecting(run("rude", held("rude", 0, "ssss")), record.Selection{Only: []string{"rude"}}), part, nil, compare.NoEvidence, "the run part is a part", "no evidence: the runs are parts of the campaign that have nothing in common"},
		"what was judged is apart": {run("whole", held("polite/phone", 1, "eeee"), held("rude", 0, "dddd")), selecting(run("part", held("polite/phone", 1, "dd")), part.Selection), []string{"polite/phone"}, compare.NoEvidence, "the run part is a part", "no evidence: no trial of the baseline was judged"},
		"no baseline":              {compare.Run{}, part, []string{"polite/phone"}, compare.Worse, "there is no earlier run", "worse: 1 new finding"},
	} {
		t.Run(name, func(t *testing.T) {
			c := compare.New(test.then, test.now, compare.Alpha)
			var cells []string
			for _, cell := range c.Cells {
				cells = append(cells, cell.Name())
			}
			if !slices.Equal(cells, test.cells) || c.Conclusion != test.conclusion || !strings.HasPrefix(c.Headline(), test.says) {
				t.Errorf("cells %q, %s: %s; want %q, %s: %s", cells, c.Conclusion, c.Headline(), test.cells, test.conclusion, test.says)
			}
			if !strings.Contains(strings.Join(c.Notes, "\n"), test.note) {
				t.Errorf("notes %q, want one with %q", c.Notes, test.note)
			}
			if len(c.Gone) > 0 || name != "no baseline" && len(c.New) > 0 {
				t.Errorf("new %+v, gone %+v: what only one has is compared", c.New, c.Gone)
			}
			if (c.Run.Part != nil) != !test.now.Selection.IsWhole() || (c.Baseline.Part != nil) != !test.then.Selection.IsWhole() {
				t.Errorf("the sides are %+v and %+v", c.Baseline, c.Run)
			}
		})
	}
}

// selecting is a run that held a part.
func selecting(r compare.Run, s record.Selection) compare.Run {
	r.Selection = s
	return r
}

func TestATrialThatWasHeldAgainCountsOnceAndIsNoted(t *testing.T) {
	again := run("b", held("polite", 0, "sdd"))
	again.Trials[0].Attempt, again.Trials[0].Held = 2, 2
	c := compare.New(run("a", held("polite", 0, "ddd")), again, compare.Alpha)
	if c.Run.HeldAgain != 1 || c.Run.Total() != 3 || c.Baseline.HeldAgain != 0 {
		t.Errorf("sides %+v and %+v, want one trial of three held again", c.Baseline, c.Run)
	}
	if note := "1 of 3 trials of the run b took several attempts, and count once"; !slices.Contains(c.Notes, note) {
		t.Errorf("notes %q, want %q", c.Notes, note)
	}
	if len(c.New) != 1 || !slices.Equal(c.New[0].Attempts, []int{2}) {
		t.Errorf("findings %+v, want the second attempt of the first trial", c.New)
	}
}

func TestOnlyWhatBothRunsJudgedIsCompared(t *testing.T) {
	// The row that always succeeds errors tonight: the rate has not fallen.
	baseline := run("a", held("polite", 1, many("s", 20)), held("polite", 2, many("d", 20)))
	later := run("b", held("polite", 1, many("e", 20)), held("polite", 2, many("d", 20)))
	cell := compare.New(baseline, later, compare.Alpha).Cells[0]
	if cell.Change != compare.Unmoved || cell.Test.Cases != 1 || cell.Test.Left != 1 || cell.Test.Then.Judged != 20 || cell.Then.Judged() != 40 {
		t.Errorf("cell %+v, test %+v; want it compared over the one row", cell, cell.Test)
	}
}

func TestManyCellsDoNotMakeAChangeLikely(t *testing.T) {
	then, now := many("s", 2)+many("d", 18), many("s", 9)+many("d", 11) // p = 0.03
	one := compare.New(run("a", held("a0", 0, then)), run("b", held("a0", 0, now)), compare.Alpha)
	if one.Cells[0].Change != compare.Rose {
		t.Errorf("alone: %+v, want rose", one.Cells[0].Test)
	}
	var before, after [][]compare.Trial
	for i := range 5 {
		outcomes := now
		if i > 0 {
			outcomes = then
		}
		before, after = append(before, held(fmt.Sprint("a", i), 0, then)), append(after, held(fmt.Sprint("a", i), 0, outcomes))
	}
	many := compare.New(run("a", before...), run("b", after...), compare.Alpha)
	test := many.Cells[0].Test
	if many.Cells[0].Change != compare.Unmoved || math.Abs(test.PAdjusted-5*test.P) > 1e-12 {
		t.Errorf("among five: %s, %+v; want unmoved", many.Cells[0].Change, test)
	}
	if lenient := compare.New(run("a", before...), run("b", after...), 0.5); lenient.Cells[0].Change != compare.Rose {
		t.Errorf("with alpha 0.5: %s, want rose", lenient.Cells[0].Change)
	}
}

func TestNothingMovesBetweenARunAndItself(t *testing.T) {
	property := func(outcomes []uint8) bool {
		letters := make([]byte, len(outcomes))
		for i, o := range outcomes {
			letters[i] = "sdue-"[o%5]
		}
		same := run("a", held("polite", 0, string(letters)))
		c := compare.New(same, same, compare.Alpha)
		return len(c.New) == 0 && len(c.Gone) == 0 && !c.Moved() && c.Conclusion != compare.Worse
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatRoseFellTheOtherWayRound(t *testing.T) {
	property := func(a, b, c, d uint8) bool {
		x := run("x", held("polite", 0, many("s", int(a)%40)+many("d", int(b)%40)))
		y := run("y", held("polite", 0, many("s", int(c)%40)+many("d", int(d)%40)))
		there, back := compare.New(x, y, compare.Alpha), compare.New(y, x, compare.Alpha)
		if len(there.Cells) == 0 {
			return len(back.Cells) == 0
		}
		opposite := map[compare.Change]compare.Change{
			compare.Rose: compare.Fell, compare.Fell: compare.Rose, compare.Unmoved: compare.Unmoved,
			compare.Unknown: compare.Unknown, compare.Added: compare.Removed, compare.Removed: compare.Added,
		}
		return back.Cells[0].Change == opposite[there.Cells[0].Change]
	}
	if err := quick.Check(property, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatIsHardToCompareIsSaid(t *testing.T) {
	baseline := run("a", held("polite", 0, "dddd"))
	for name, test := range map[string]struct {
		alter func(*compare.Run)
		want  string
	}{
		"another campaign": {func(r *compare.Run) { r.Campaign = "other" }, "different campaigns: demo and other"},
		"a changed file":   {func(r *compare.Run) { r.Source = []byte("version: 1 # x") }, "file was changed"},
		"the same run":     {func(r *compare.Run) { r.ID = "a" }, "its own baseline"},
		"a stopped run":    {func(r *compare.Run) { r.Planned = 9 }, "5 of 9 trials of the run b have no outcome"},
		"few trials":       {func(r *compare.Run) { r.Trials = r.Trials[:2] }, "1 of 1 cells have too few trials for any change to be shown"},
	} {
		later := run("b", held("polite", 0, "dddd"))
		test.alter(&later)
		if notes := compare.New(baseline, later, compare.Alpha).Notes; !strings.Contains(strings.Join(notes, "\n"), test.want) {
			t.Errorf("%s: notes %q, want %q", name, notes, test.want)
		}
	}
	later := run("b", held("polite", 0, "dddd"))
	for i := range later.Trials {
		later.Trials[i].Target, later.Trials[i].Success = "judge", "refused"
	}
	c := compare.New(baseline, later, compare.Alpha)
	if altered := c.Cells[0].Altered; !slices.Equal(altered, []string{"target", "success"}) {
		t.Errorf("altered %v, want target and success", altered)
	}
	if want := "not held or judged by the same as in the baseline: polite (target, success)"; !slices.Contains(c.Notes, want) {
		t.Errorf("notes %q, want %q", c.Notes, want)
	}
}

func TestOfManyCellsThatWereAlteredFiveAreNamed(t *testing.T) {
	const note = "not held or judged by the same as in the baseline: "
	for altered, want := range map[int]string{
		0: "",
		1: note + "a0 (target)",
		5: note + "a0 (target), a1 (target), a2 (target), a3 (target), a4 (target)",
		7: note + "a0 (target), a1 (target), a2 (target), a3 (target), a4 (target), 2 more",
	} {
		var then, now [][]compare.Trial
		for i := range altered {
			then, now = append(then, held(fmt.Sprintf("a%d", i), 0, "dddd")), append(now, held(fmt.Sprintf("a%d", i), 0, "dddd"))
			for j := range now[i] {
				now[i][j].Target = "other"
			}
		}
		got := ""
		for _, one := range compare.New(run("a", then...), run("b", now...), compare.Alpha).Notes {
			if strings.HasPrefix(one, note) {
				got += one
			}
		}
		if got != want {
			t.Errorf("%d cells: noted %q, want %q", altered, got, want)
		}
	}
}

func TestWithoutABaselineEveryFindingIsNew(t *testing.T) {
	first := compare.New(compare.Run{}, run("b", held("polite", 0, "sddd"), held("rude", 0, "dddd")), compare.Alpha)
	if len(first.New) != 1 || first.New[0].Other != compare.Absent || first.Conclusion != compare.Worse {
		t.Errorf("new %+v, %s", first.New, first.Conclusion)
	}
	if clean := compare.New(compare.Run{}, run("b", held("rude", 0, "dddd")), compare.Alpha); clean.Conclusion != compare.NotWorse {
		t.Errorf("without findings: %s", clean.Conclusion)
	}
}

func TestTheHeadlineSaysWhatCameOfIt(t *testing.T) {
	for _, test := range []struct{ then, now, want string }{
		{"dddd", "dddd", "nothing new, and nothing that can be shown to be worse"},
		{"sddd", "dddd", "nothing new, and nothing that can be shown to be worse; 1 finding was not reproduced"},
		{"dddd", "sddd", "worse: 1 new finding"},
		{many("s", 2) + many("d", 18), many("s", 14) + many("d", 6), "worse: 1 rate rose"},
		{many("s", 14) + many("d", 6), many("s", 2) + many("d", 18), "nothing new, and nothing that can be shown to be worse; 1 rate fell"},
		{"dddd", "eeee", "no evidence: 1 cell was not judged"},
		{"eeee", "dddd", "no evidence: no trial of the baseline was judged"},
		{"dddd", "", "no evidence: no trial was judged"},
	} {
		c := compare.New(run("a", held("polite", 0, test.then)), run("b", held("polite", 0, test.now)), compare.Alpha)
		if got := c.Headline(); got != test.want {
			t.Errorf("%s then, %s now: %q, want %q", test.then, test.now, got, test.want)
		}
	}
}

func TestACellThatWasNeverBegunIsNotTakenAway(t *testing.T) {
	baseline := run("a", held("polite", 0, "ssss"), held("rude", 0, "dddd"))
	later := run("b", held("polite", 0, "ssss"))
	later.Planned = 8
	c := compare.New(baseline, later, compare.Alpha)
	if c.Cells[1].Change != compare.Unknown || c.Conclusion != compare.NoEvidence || c.Run.Open != 4 {
		t.Errorf("%+v, %s; want no evidence of rude", c.Cells[1], c.Conclusion)
	}
}

// Twenty cells of twelve rows with very different success rates, four trials each,
// run twice against a target that did not change.
func TestWhereNothingChangedARateMovesInFewerComparisonsThanAlpha(t *testing.T) {
	const comparisons, cells, rows, repeats = 150, 20, 12, 4
	random := rand.New(rand.NewPCG(26, 11))
	hold := func(id string) compare.Run {
		var all [][]compare.Trial
		for c := range cells {
			for row := range rows {
				outcomes := make([]byte, repeats)
				for i := range outcomes {
					outcomes[i] = 'd'
					if random.Float64() < float64(row)/rows {
						outcomes[i] = 's'
					}
				}
				all = append(all, held(fmt.Sprint("attack-", c), row+1, string(outcomes)))
			}
		}
		return run(id, all...)
	}
	moved := 0
	for range comparisons {
		if compare.New(hold("a"), hold("b"), compare.Alpha).Moved() {
			moved++
		}
	}
	t.Logf("%d of %d comparisons say that a rate moved", moved, comparisons)
	if share := float64(moved) / comparisons; share > compare.Alpha {
		t.Errorf("%.1f %% of the comparisons say that a rate moved", 100*share)
	}
}

// on makes the trials of a case on a target.
func on(target, outcomes string) []compare.Trial {
	all := held("polite", 0, outcomes)
	for i := range all {
		all[i].ID, all[i].Target = "polite/"+target+all[i].ID[len("polite"):], target
	}
	return all
}

func cellNames(c compare.Comparison) string {
	var all []string
	for _, cell := range c.Cells {
		all = append(all, cell.Name()+" "+string(cell.Change))
	}
	return strings.Join(all, ", ")
}

func TestTargetsAreComparedEachWithItself(t *testing.T) {
	for _, test := range []struct {
		name      string
		then, now compare.Run
		want      string
	}{
		{"two targets twice", run("a", on("x", "dddd"), on("y", "ssss")), run("b", on("x", "dddd"), on("y", "ssss")), "polite/x unmoved, polite/y unmoved"},
		{"a target more", run("a", on("x", "dddd")), run("b", on("x", "dddd"), on("y", "ssss")), "polite/x unmoved, polite/y only_in_run"},
		{"a target less", run("a", on("x", "dddd"), on("y", "ssss")), run("b", on("y", "ssss")), "polite/y unmoved, polite/x only_in_baseline"},
		{"another single target", run("a", on("x", "dddd")), run("b", on("y", "dddd")), "polite unmoved"},
	} {
		if got := cellNames(compare.New(test.then, test.now, compare.Alpha)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	c := compare.New(run("a", on("x", "dddd"), on("y", "dddd")), run("b", on("x", "dddd"), on("y", "sddd")), compare.Alpha)
	if len(c.New) != 1 || c.New[0].Name() != "polite/y" || c.New[0].Target != "y" {
		t.Errorf("the new findings are %+v", c.New)
	}
}

func TestParametersThatDifferAreNoted(t *testing.T) {
	then, now := run("a", held("polite", 0, "d")), run("b", held("polite", 0, "d"))
	then.Parameters = []compare.Parameter{{Name: "parameter model", Value: "old"}, {Name: "parameter same", Value: "1"}, {Name: "parameter gone", Value: ""}}
	now.Parameters = []compare.Parameter{{Name: "parameter model", Value: "new"}, {Name: "parameter same", Value: "1"}}
	want := []string{`parameter model is "new" in the run, and "old" in the baseline`, `parameter gone is not there in the run, and "" in the baseline`}
	if got := compare.New(then, now, compare.Alpha).Notes[:2]; !slices.Equal(got, want) {
		t.Errorf("the notes are %q", got)
	}
}
