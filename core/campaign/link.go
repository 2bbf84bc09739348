package campaign

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// maxAllTrials is the largest number of trials of a campaign, all of which are
// in memory. A larger number is assumed to be a typing error.
const maxAllTrials = 1_000_000

// link checks that every name is defined and every expression compiles.
func link(f *yamlfile.File, c *Campaign, p *parameters) {
	targets, converters, scorers := names(c.Targets), names(c.Converters), names(c.Scorers)
	linkPrices(f, c, targets)
	linkSchedule(f, c)
	for _, s := range c.Scorers {
		checkDefined(f, "converter", converters, s.Via...)
	}
	skipEmptyRows(f, c, p)
	seen := map[string]int{}
	total := 0
	for i := range c.Attacks {
		a := &c.Attacks[i]
		checkUnique(f, seen, "attack", a.Name, a.At)
		checkDefined(f, "target", targets, a.Targets...)
		for _, r := range slices.Concat(a.BeforeTrial, a.AfterTrial) {
			checkDefined(f, "target", targets, r.Target)
		}
		linkStrategy(f, a, targets)
		checkDefined(f, "scorer", scorers, a.Scorers...)
		linkVariants(f, a, converters)
		rows := linkTurns(f, a, c.Datasets, converters, p)
		linkSuccess(f, a)
		trials := a.Trials * max(1, len(a.Targets)) * max(1, len(a.Variants)) * max(1, rows)
		if total += trials; total > maxAllTrials {
			f.Problem(a.At, "lower trials:, or split the campaign", "the campaign has more than %d trials up to here", maxAllTrials)
			total = 0 // reported once
		}
	}
}

// names lists the names of definitions.
func names[T interface{ name() string }](definitions []T) []string {
	all := make([]string, len(definitions))
	for i, d := range definitions {
		all[i] = d.name()
	}
	return all
}

func (c Component) name() string { return c.Name }
func (d Dataset) name() string   { return d.Name }

// checkDefined checks that references are to defined names. Empty ones were
// reported while reading.
func checkDefined(f *yamlfile.File, what string, known []string, references ...Reference) {
	for i, ref := range references {
		switch {
		case ref.Name == "":
		case !slices.Contains(known, ref.Name):
			hint := yamlfile.DidYouMean(schema.Nearest(ref.Name, known))
			if hint == "" && len(known) > 0 {
				hint = fmt.Sprintf("the campaign defines %s", strings.Join(known, ", "))
			} else if hint == "" {
				hint = fmt.Sprintf("the campaign defines no %s", what)
			}
			f.Problem(ref.At, hint, "%s %s is not defined", what, yamlfile.Quote(ref.Name))
		case (what == "scorer" || what == "target") && slices.ContainsFunc(references[:i], func(n Reference) bool { return n.Name == ref.Name }):
			f.Problem(ref.At, "", "%s %q is listed twice", what, ref.Name)
		}
	}
}

// checkUnique checks that each name occurs once.
func checkUnique(f *yamlfile.File, seen map[string]int, what, name string, at yamlfile.Position) {
	if name == "" {
		return
	}
	if line, ok := seen[name]; ok {
		f.Problem(at, "", "a second %s named %q; the first is on line %d", what, name, line)
		return
	}
	seen[name] = at.Line
}

func linkVariants(f *yamlfile.File, a *Attack, converters []string) {
	seen := map[string]int{}
	for _, v := range a.Variants {
		checkUnique(f, seen, "variant", v.Name, v.At)
		checkDefined(f, "converter", converters, v.Converters...)
	}
}

// linkTurns checks the texts and converters of an attack, fills the parameters in to
// its texts, and returns the number of rows.
func linkTurns(f *yamlfile.File, a *Attack, datasets []Dataset, converters []string, p *parameters) int {
	for _, t := range a.Turns {
		for _, part := range t.Parts {
			checkDefined(f, "converter", converters, part.Converters...)
		}
	}
	if a.ForEach.Name == "" {
		for _, t := range a.texts() {
			p.checkColumns(t)
			t.fillParameters(p)
		}
		return 0
	}
	checkDefined(f, "dataset", names(datasets), a.ForEach)
	i := slices.IndexFunc(datasets, func(d Dataset) bool { return d.Name == a.ForEach.Name })
	if i < 0 || len(datasets[i].Rows) == 0 {
		return 0
	}
	checked := map[string]bool{}
	for _, t := range a.texts() {
		linkTemplate(f, t, datasets[i], p, checked)
	}
	return len(datasets[i].Rows) - len(datasets[i].Skipped)
}

// skipEmptyRows leaves out rows in which a column that some attack uses is empty, of the
// datasets that say so.
func skipEmptyRows(f *yamlfile.File, c *Campaign, p *parameters) {
	for i := range c.Datasets {
		used := map[string]bool{}
		for n := range c.Attacks {
			if !c.Datasets[i].skipEmpty || c.Attacks[n].ForEach.Name != c.Datasets[i].Name {
				continue
			}
			for _, t := range c.Attacks[n].texts() {
				pieces, _ := parseTemplate(t.Written, p) // an error is reported with the attack
				for _, piece := range pieces {
					if slices.Contains(c.Datasets[i].columns(), piece.column) {
						used[piece.column] = true
					}
				}
			}
		}
		c.Datasets[i].skip(f, used)
	}
}

// texts are the texts of an attack that may differ by row.
func (a *Attack) texts() []*Text {
	texts := []*Text{&a.Objective}
	for i := range a.History {
		texts = append(texts, &a.History[i].Text)
	}
	for i := range a.ToolResults {
		texts = append(texts, &a.ToolResults[i].Result)
	}
	for _, requests := range [][]Request{a.BeforeTrial, a.AfterTrial} {
		for i := range requests {
			texts = append(texts, &requests[i].Send)
		}
	}
	for i := range a.Turns {
		texts = append(texts, &a.Turns[i].SystemPrompt)
		for n := range a.Turns[i].Parts {
			texts = append(texts, &a.Turns[i].Parts[n].User)
		}
	}
	return texts
}

// fillParameters fills the parameters in to a text that is literal but for them.
func (t *Text) fillParameters(p *parameters) {
	end := 0
	for _, at := range reParameter.FindAllStringSubmatchIndex(t.Written, -1) {
		one, _ := p.value(t.Written[at[2]:at[3]]) // an unknown one was reported by the reader
		t.pieces = append(t.pieces, templatePiece{text: t.Written[end:at[0]]}, templatePiece{text: one.Value})
		end = at[1]
	}
	if t.pieces != nil {
		t.pieces = append(t.pieces, templatePiece{text: t.Written[end:]})
	}
}

// linkTemplate parses a text, and checks it against the columns of the dataset. checked
// are those whose cells were checked already.
func linkTemplate(f *yamlfile.File, t *Text, d Dataset, p *parameters, checked map[string]bool) {
	pieces, err := parseTemplate(t.Written, p)
	if e, ok := errors.AsType[*templateError](err); ok {
		hint := `write {{ .column }} or {{ .params.NAME }}, and {{ "{{" }} for two braces`
		if name := d.spelled(t.Written); name != "" {
			hint = fmt.Sprintf("write {{ index . %q }}, or give the column another name with rename: {%q: %s}", name, name, fieldOf(name))
		}
		f.Problem(t.at(e.offset), hint, "template: %s", e.message)
		return
	}
	t.pieces = pieces
	for _, piece := range pieces {
		if piece.column != "" && !slices.Contains(d.columns(), piece.column) {
			hint := d.nearestColumn(piece.column)
			if _, isParameter := p.find(piece.column); isParameter {
				hint = fmt.Sprintf("did you mean {{ .params.%s }}?", piece.column)
			}
			f.Problem(t.at(piece.offset), hint, "dataset %q has no column %q", d.Name, piece.column)
			continue
		}
		if piece.column != "" && !checked[piece.column] {
			checked[piece.column] = true
			if message := d.absent(piece.column); message != "" {
				f.Problem(t.at(piece.offset), "skip_empty: true leaves such rows out", "%s", message)
			}
		}
	}
}

// linkSuccess compiles the success expression. It is optional with one scorer:
// the default is that scorer's name.
func linkSuccess(f *yamlfile.File, a *Attack) {
	if a.Success == "" && a.SuccessAt == (yamlfile.Position{}) {
		switch len(a.Scorers) {
		case 0: // reported with the scorers
		case 1:
			a.Success, a.SuccessAt = a.Scorers[0].Name, a.Scorers[0].At
			a.successText = yamlfile.PlaceAt(a.SuccessAt)
		default:
			f.Problem(a.At, "such as success: "+a.Scorers[0].Name+" || "+a.Scorers[1].Name,
				`an attack with several scorers needs the key "success"`)
		}
		return
	}
	scores := map[string]core.ScoreType{}
	for _, s := range a.Scorers {
		if verdict.CheckName(s.Name) != nil {
			return // reported with the scorer
		}
		scores[s.Name] = core.ScoreUnknown
	}
	if a.Success == "" || len(scores) == 0 {
		return // already reported
	}
	_, err := verdict.Compile(a.Success, scores)
	if e, ok := errors.AsType[*verdict.Error](err); ok {
		hint := e.Hint
		if near := yamlfile.DidYouMean(schema.Nearest(e.Name, names(a.Scorers))); near != "" {
			hint = near
		}
		f.Problem(a.SuccessPosition(e), hint, "success: %s", e.Message)
	} else if err != nil {
		f.Problem(a.SuccessAt, "", "success: %v", err)
	}
}

func (n Reference) name() string { return n.Name }
