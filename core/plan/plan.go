package plan

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/cost"
	"github.com/redteam-orchestrator/orchestrator/core/record"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/strategy"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// Plan holds all trials of a run. It is a pure function of the campaign and of
// the plugins' descriptions of their components: the same inputs give the same
// trials with the same identifiers, in the same order.
type Plan struct {
	// Name is the campaign's.
	Name string
	// Selection is the part of the campaign that the trials are; the zero value is all
	// of it.
	Selection record.Selection
	Bounds    scope.Bounds
	Prices    cost.Prices
	Evidence  campaign.Evidence
	// Targets, Converters and Scorers are the definitions that some trial
	// uses, in the order of the campaign. Unused ones are not opened.
	Targets    []Target
	Converters []Converter
	Scorers    []Scorer
	Trials     []Trial
	// Earlier are the attempts at trials that are held before the trials themselves, by
	// trial ID. Only a run that is made from the record of another one has some.
	Earlier map[string][]*Setup

	needs      Needs
	grants     []Grant
	notCounted []string
}

// StopOn says when a conversation ends before its last turn.
type StopOn string

// The values of StopOn.
const (
	// StopNever holds every turn, even after success.
	StopNever StopOn = "never"
	// StopSuccess ends the conversation as soon as success holds.
	StopSuccess StopOn = "success"
)

// Resume says how a conversation goes on that was open when the run was
// stopped, once the run is resumed.
type Resume string

// The values of Resume.
const (
	// ResumeRestart repeats the conversation from its first turn.
	ResumeRestart Resume = "restart"
	// ResumeContinue gives the turns so far to the target as history and goes
	// on.
	ResumeContinue Resume = "continue"
)

// Trial is one conversation of a run.
type Trial struct {
	// Setup is shared by many trials, and must not be changed.
	*Setup
	// ID is stable and readable: the attack's name, then target, variant, row
	// and number where the attack has several of them, such as
	// "polite/phone/row-2/7" or "polite/agent/7".
	ID string
	// Number counts from 1 within attack, target, variant and row.
	Number int
	// Seed is the seed of the trial's random choices.
	Seed uint64
}

// Setup is shared by the trials of one attack, target, variant and row, which
// differ in their number only, so that the memory of a run does not grow with its trials.
type Setup struct {
	Attack  string
	Variant string
	// Row counts from 1; 0 where the attack has no for_each.
	Row int

	Target string
	// Several says that the attack has other targets, too.
	Several      bool
	Objective    string
	SystemPrompt string
	// History is the conversation before the first turn.
	History []core.Message
	// ToolResults are the campaign's answers to tool calls of the target, by
	// the tool's name.
	ToolResults map[string]string
	// BeforeTrial and AfterTrial are sent before and after the conversation.
	BeforeTrial, AfterTrial []Request
	// Failed is why a recorded trial is errored, unless it succeeds, though its
	// conversation was held; nil where nothing is known of that.
	Failed error
	// Turns are the campaign's turns, with their templates filled in. There are
	// none where RedTeam is set.
	Turns strategy.Script
	// Cut says why some turns of the campaign are missing; "" where none are.
	// Without them the trial cannot be a defence.
	Cut string
	// RedTeam has another target write the turns; nil where the campaign does.
	RedTeam *strategy.RedTeam
	Scorers []string
	Success *verdict.Expression
	StopOn  StopOn
	// Resume says how a trial goes on that was begun when its run was stopped.
	Resume Resume
}

// Strategy returns the strategy that chooses the trial's turns.
func (t *Trial) Strategy() strategy.Strategy {
	if t.RedTeam != nil {
		return t.RedTeam
	}
	return t.Turns
}

// Catalog describes the components that can be opened.
type Catalog interface {
	// Lookup returns the description of a component with its configuration's
	// schema.
	Lookup(kind core.Kind, use string) (info core.Info, config *schema.Schema, ok bool)
	// Names lists the components of a kind, for suggestions.
	Names(kind core.Kind) []string
}
