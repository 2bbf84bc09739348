package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Options say what a campaign may do.
type Options struct {
	// AllowCommands allows programs that the campaign names to be run on this
	// machine.
	AllowCommands bool
	// AllowFile returns why a component may not read a file that the campaign
	// names; nil where it may. A nil AllowFile allows none.
	AllowFile func(path string) error
	// Environment are the settings of the campaign that [FillIn] has put in, and the
	// secrets that it has not, for messages.
	Environment Variables
	// Restrictions are what the components do not do with their configurations, by
	// [CheckConfigs].
	Restrictions Restrictions
	// Absent are the campaign's plugins that are unknown for a reason that was
	// already reported.
	Absent map[string]bool
	// Unavailable are components that are unknown for a reason that was already
	// reported, by their names after use:.
	Unavailable map[string]bool
	// Selection is the part of the campaign that is planned. All of it is checked.
	Selection record.Selection
	// Elsewhere are components that plugins would offer which cannot be used, by their
	// kinds and names, with a clause that says so, for the hints of misspelt names.
	Elsewhere map[core.Kind]map[string]string
}

// New plans a campaign. Its error is of type [yamlfile.Problems] and holds all
// mismatches between the campaign and the components, in the order of the file.
func New(c *campaign.Campaign, catalog Catalog, o Options) (*Plan, error) {
	whole := o
	whole.Selection = record.Selection{}
	p, err := newPlan(newPlanner(c, catalog, whole))
	if err != nil || o.Selection.IsWhole() {
		return p, err
	}
	part := newPlanner(selected(c, p, o.Selection), catalog, o)
	for _, a := range c.Attacks {
		part.targets[a.Name] = len(a.Targets)
	}
	return newPlan(part)
}

// newPlan plans what a planner has.
func newPlan(p *planner) (*Plan, error) {
	p.checkComponents()
	p.checkVias()
	for i := range p.campaign.Attacks {
		p.planAttack(&p.campaign.Attacks[i])
	}
	if p.report.Count() > 0 {
		return nil, p.report.Problems(p.campaign.File)
	}
	p.useModels()
	p.keepUsed()
	p.addNeeds()
	p.addGrants()
	return p.plan, nil
}

// CheckComponents returns the problems that [New] finds in the campaign's
// definitions of targets, converters and scorers. Other parts of the campaign
// may be invalid.
func CheckComponents(c *campaign.Campaign, catalog Catalog, o Options) yamlfile.Problems {
	p := newPlanner(c, catalog, o)
	p.checkComponents()
	return p.report.Problems(c.File)
}

func newPlanner(c *campaign.Campaign, catalog Catalog, o Options) *planner {
	return &planner{
		campaign: c, catalog: catalog, options: o,
		infos: map[Definition]core.Info{}, used: map[Definition]bool{}, targets: map[string]int{},
		plan: emptyPlan(c, o.Selection), textsLeft: maxTexts,
	}
}

// emptyPlan returns a plan without trials.
func emptyPlan(c *campaign.Campaign, s record.Selection) *Plan {
	p := &Plan{Name: c.Name, Selection: s, Bounds: c.Scope.Bounds, Evidence: c.Evidence}
	p.Prices = cost.Prices{Currency: c.Prices.Currency, Targets: map[string]cost.Price{}}
	for name, price := range c.Prices.Targets {
		p.Prices.Targets[name] = price.Price
	}
	return p
}

// planner is the state while a plan is made.
type planner struct {
	campaign *campaign.Campaign
	catalog  Catalog
	options  Options
	// infos are the descriptions of the components that exist, as they are with their
	// configurations, by definition.
	infos map[Definition]core.Info
	used  map[Definition]bool
	// targets counts the targets of attacks of which not all are planned.
	targets map[string]int
	report  yamlfile.Report
	plan    *Plan
	// textsLeft is how many bytes the texts of further rows may have.
	textsLeft int
}

// maxTexts is the largest size of a plan's texts, in bytes: a small file can
// have a long template and many rows.
const maxTexts = 1 << 30

// planAttack checks an attack and adds its trials.
func (p *planner) planAttack(a *campaign.Attack) {
	for _, t := range a.Targets {
		p.checkTarget(a, t)
	}
	p.checkAttacker(a)
	p.checkRequests(a)
	for _, s := range a.Scorers {
		p.checkScorer(a, s)
	}
	base := Setup{
		Attack: a.Name, Several: max(len(a.Targets), p.targets[a.Name]) > 1, SystemPrompt: a.SystemPrompt, Scorers: namesOf(a.Scorers),
		Success: p.compile(a), StopOn: StopOn(a.StopOn), Resume: Resume(a.Resume),
	}
	var scripts []strategy.Script
	for _, v := range variantsOf(a) {
		scripts = append(scripts, p.script(a, v))
	}
	if p.report.Count() > 0 {
		return // there will be no plan; look for more problems
	}
	for _, t := range a.Targets {
		for i, v := range variantsOf(a) {
			base.Target, base.Variant = t.Name, v.Name
			p.addTrials(a, base, scripts[i])
		}
	}
}

// variantsOf returns the variants of an attack; where it has none, one without
// a name and converters.
func variantsOf(a *campaign.Attack) []campaign.Variant {
	if len(a.Variants) == 0 {
		return []campaign.Variant{{At: a.At}}
	}
	return a.Variants
}

// rowsOf returns the rows of an attack's dataset; where it has none, one nil
// row. Those that are skipped keep their numbers.
func (p *planner) rowsOf(a *campaign.Attack) (rows []map[string]string, skipped map[int]bool) {
	for _, d := range p.campaign.Datasets {
		if d.Name == a.ForEach.Name {
			return d.Rows, d.Skipped
		}
	}
	return []map[string]string{nil}, nil
}

// addTrials adds the trials of one target and variant.
func (p *planner) addTrials(a *campaign.Attack, base Setup, script strategy.Script) {
	rows, skipped := p.rowsOf(a)
	p.plan.Trials = slices.Grow(p.plan.Trials, len(rows)*a.Trials)
	for i, cells := range rows {
		if skipped[i] {
			continue
		}
		setup := base
		if cells != nil {
			setup.Row = i + 1
		}
		if !p.options.Selection.Has(setup.caseOf()) {
			continue
		}
		f := filler{report: &p.report, textsLeft: &p.textsLeft, attack: a, row: i, cells: cells}
		setup.Objective, setup.History, setup.ToolResults = f.objective(), f.history(), f.toolResults()
		setup.BeforeTrial, setup.AfterTrial = f.requests("before_trial", a.BeforeTrial), f.requests("after_trial", a.AfterTrial)
		if a.RedTeam != nil {
			setup.RedTeam = f.redTeam(setup, script[0].Parts[0])
		} else {
			setup.Turns = f.script(script)
		}
		if f.failed {
			return // the problem is probably in every row
		}
		for number := 1; number <= a.Trials; number++ {
			trial := Trial{Setup: &setup, Number: number}
			trial.ID = trial.id()
			trial.Seed = seed(p.campaign, trial.ID)
			p.plan.Trials = append(p.plan.Trials, trial)
		}
	}
}

// id returns a trial's identifier: "attack/target/variant/row-2/7", without the
// parts that the attack does not have. The target is a part where the attack has
// several.
func (t *Trial) id() string {
	parts := []string{t.Attack}
	if t.Several {
		parts = append(parts, t.Target)
	}
	if t.Variant != "" {
		parts = append(parts, t.Variant)
	}
	if t.Row > 0 {
		parts = append(parts, "row-"+strconv.Itoa(t.Row))
	}
	return strings.Join(append(parts, strconv.Itoa(t.Number)), "/")
}

// seed derives a trial's seed. It does not depend on other trials, so that it
// stays the same when these are added or removed. Where the campaign has no
// seed, its name is used.
func seed(c *campaign.Campaign, trialID string) uint64 {
	from := c.Name
	if c.Seed != nil {
		from = fmt.Sprintf("seed %d", *c.Seed) // cannot equal a name, which has no spaces
	}
	sum := sha256.Sum256([]byte(from + "\x00" + trialID))
	return binary.BigEndian.Uint64(sum[:])
}

// compile compiles the success expression with the result types of the scorers.
func (p *planner) compile(a *campaign.Attack) *verdict.Expression {
	types := map[string]core.ScoreType{}
	for _, s := range a.Scorers {
		types[s.Name] = p.infos[Definition{core.KindScorer, s.Name}].Scores
	}
	expression, err := verdict.Compile(a.Success, types)
	if err == nil {
		return expression
	}
	p.successProblem(a, err)
	return nil
}

// keepUsed keeps the definitions that some trial uses.
func (p *planner) keepUsed() {
	for _, t := range p.campaign.Targets {
		if p.used[Definition{core.KindTarget, t.Name}] {
			p.plan.Targets = append(p.plan.Targets, Target{p.componentOf(core.KindTarget, t.Component), t.Limits})
		}
	}
	for _, c := range p.campaign.Converters {
		if p.used[Definition{core.KindConverter, c.Name}] {
			p.plan.Converters = append(p.plan.Converters, Converter{p.componentOf(core.KindConverter, c.Component)})
		}
	}
	for _, s := range p.campaign.Scorers {
		if p.used[Definition{core.KindScorer, s.Name}] {
			p.plan.Scorers = append(p.plan.Scorers, Scorer{Component: p.componentOf(core.KindScorer, s.Component), On: onOf(s), AsText: p.formOf(s) == core.Text, Via: namesOf(s.Via)})
		}
	}
}

func (p *planner) componentOf(kind core.Kind, c campaign.Component) Component {
	made := Component{Name: c.Name, Use: c.Use, Config: c.Config.JSON}
	if _, config, ok := p.catalog.Lookup(kind, c.Use); ok {
		made.Plain = plainHosts(config, c)
	}
	return made
}

func namesOf(references []campaign.Reference) []string {
	var names []string
	for _, n := range references {
		names = append(names, n.Name)
	}
	return names
}
