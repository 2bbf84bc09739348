package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/redteam-orchestrator/orchestrator/core/stats"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// row counts the outcomes of some trials.
type row struct {
	name  string
	tally stats.Tally
	// open is the number of trials that have no outcome, because the run was
	// stopped.
	open int
}

func (r *row) add(t store.Trial) {
	if t.Result == nil {
		r.open++
		return
	}
	r.tally.Add(t.Result.Outcome)
}

// rowsOf counts the trials of each attack, in the order in which the attacks
// began, and below an attack those of each of its variants.
func rowsOf(trials []store.Trial) []*row {
	trials = slices.SortedStableFunc(slices.Values(trials), func(a, b store.Trial) int {
		return a.Started.Compare(b.Started)
	})
	var attacks []string
	byAttack := map[string]*row{}
	variants := map[string][]*row{}
	for _, t := range trials {
		if byAttack[t.Attack] == nil {
			attacks = append(attacks, t.Attack)
			byAttack[t.Attack] = &row{name: t.Attack}
		}
		byAttack[t.Attack].add(t)
		if t.Variant == "" {
			continue
		}
		name := t.Attack + "/" + t.Variant
		i := slices.IndexFunc(variants[t.Attack], func(r *row) bool { return r.name == name })
		if i < 0 {
			i = len(variants[t.Attack])
			variants[t.Attack] = append(variants[t.Attack], &row{name: name})
		}
		variants[t.Attack][i].add(t)
	}
	var rows []*row
	for _, name := range attacks {
		rows = append(append(rows, byAttack[name]), variants[name]...)
	}
	return rows
}

// writeTable prints the outcomes of a run's trials per attack and variant, and
// the attack success rate (ASR) with its 95 % Wilson interval. planned is how
// many trials the run was to hold.
func writeTable(w io.Writer, trials []store.Trial, planned int) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "ATTACK\tTRIALS\tSUCCEEDED\tDEFENDED\tUNDETERMINED\tERRORED\tNOT ENDED\tASR\t95% INTERVAL\t")
	all := row{name: "all"}
	for _, trial := range trials {
		all.add(trial)
	}
	rows := rowsOf(trials)
	if len(rows) > 1 {
		rows = append(rows, &all)
	}
	for _, r := range rows {
		writeRow(t, r)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if never := planned - len(trials); never > 0 {
		fmt.Fprintf(w, "%s never begun\n", count(never, "trial"))
	}
	return nil
}

func writeRow(w io.Writer, r *row) {
	asr, interval := "-", "-"
	if rate, low, high, ok := r.tally.ASR(); ok {
		asr = percent(rate)
		interval = percent(low) + " to " + percent(high)
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", r.name, r.tally.Total()+r.open,
		r.tally.Succeeded, r.tally.Defended, r.tally.Undetermined, r.tally.Errored, r.open, asr, interval)
}

// percent rounds a rate for people. What is not nothing is not 0%, and what is
// not everything is not 100%.
func percent(x float64) string {
	switch rounded := math.Round(100 * x); {
	case rounded == 0 && x > 0:
		return "<1%"
	case rounded == 100 && x < 1:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", rounded)
	}
}

// share shows a limit as the campaign wrote it.
func share(x float64) string { return strconv.FormatFloat(100*x, 'g', 6, 64) + "%" }
