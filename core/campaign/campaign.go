package campaign

import (
	"iter"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/dataset"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Campaign is a campaign file that was read and is consistent in itself: every
// name it uses is defined, every expression parses. Package plan checks that
// its components exist and accept their configuration.
type Campaign struct {
	// File is the name under which the file was read; positions refer to it.
	File string
	// Source is the text of the file. It holds no secrets, only references.
	Source []byte
	// Files are the files that it names, sorted by name.
	Files []File

	Name        string
	Description string
	Tags        []string
	// Parameters are in the order of the file, with the values that were filled in.
	Parameters []Parameter
	// Incomplete says that some parameter has no value. What depends on it is made
	// up, so that there is no sense in checking it.
	Incomplete bool
	// Doubts are warnings about what is valid and likely not meant.
	Doubts yamlfile.Problems
	// Seed is the seed of a run's random choices; nil where they follow from
	// the name.
	Seed     *uint64
	Scope    Scope
	Evidence Evidence
	Prices   Prices
	// Schedule is when serve runs the campaign; nil where it does not.
	Schedule *Schedule
	// Baseline is the run to compare runs with: [Previous], a run's ID, or ""
	// for none. Notify are the webhooks that get the result.
	Baseline string
	Notify   []Webhook
	// Plugins are the third-party plugins that the campaign uses.
	Plugins []requirement.Requirement
	// The definitions are in the order of the file.
	Targets    []Target
	Converters []Converter
	Scorers    []Scorer
	Datasets   []Dataset
	Attacks    []Attack

	// filledLines are the names of the parameters that are filled in on each line.
	filledLines map[int][]string
}

// Uses iterates over the kinds and names of the components that the campaign
// defines, in the order of the definitions. One that is used twice comes twice.
func (c *Campaign) Uses() iter.Seq2[core.Kind, string] {
	return func(yield func(kind core.Kind, use string) bool) {
		for _, t := range c.Targets {
			if !yield(core.KindTarget, t.Use) {
				return
			}
		}
		for _, v := range c.Converters {
			if !yield(core.KindConverter, v.Use) {
				return
			}
		}
		for _, s := range c.Scorers {
			if !yield(core.KindScorer, s.Use) {
				return
			}
		}
	}
}

// Evidence says what a run has to show to count.
type Evidence struct {
	// MaxErrored and MaxUndetermined bound the trials of a run that may fail; above,
	// the run as a whole gives no evidence. Both are shares of each attack's trials,
	// from 0 to 1; the default is 0.
	MaxErrored      float64
	MaxUndetermined float64
	// MaxAttempts is the largest number of attempts after which a trial can count as
	// defended; 0 for no limit. Attempts that did not end do not count.
	MaxAttempts int
}

// Component is a named use of a plugin's component.
type Component struct {
	Name string
	// Use is the component's name, such as "realtime" or "acme/ivr".
	Use    string
	UseAt  yamlfile.Position
	Config Config
	At     yamlfile.Position
}

// Target is a named target.
type Target struct {
	Component
	// Limits has the defaults that docs/campaign.md names where the campaign
	// gives none.
	Limits scope.Limits
}

// Converter is a named converter.
type Converter struct{ Component }

// Scorer is a named scorer.
type Scorer struct {
	Component
	// On selects the modality to judge in the reply; the default is text.
	On core.Modality
	// Via names converters that are applied to each selected value first.
	Via []Reference
}

// Dataset is rows of named values.
type Dataset struct {
	Name string
	Rows []map[string]string
	// Skipped are the indices of rows that skip_empty leaves out.
	Skipped map[int]bool

	at        yamlfile.Position
	skipEmpty bool
	// file is the file that holds the rows; "" for the campaign's own.
	file string
	// table is what was read, with the renamed columns.
	table *dataset.Table
}

// Attack is one entry of attacks:.
type Attack struct {
	Name string
	// Targets are those that are attacked, each with all trials. There is at
	// least one, and none twice.
	Targets      []Reference
	Objective    Text
	SystemPrompt string
	// Trials is how many conversations are held per target, variant and row.
	Trials int
	// ForEach names a dataset, or is empty.
	ForEach  Reference
	Variants []Variant
	// History is the conversation before the first turn.
	History   []HistoryMessage
	HistoryAt yamlfile.Position
	// ToolResults are the campaign's answers to tool calls of the target.
	ToolResults   []ToolResult
	ToolResultsAt yamlfile.Position
	// BeforeTrial and AfterTrial set up and clean up the attacked system, for each
	// trial.
	BeforeTrial, AfterTrial []Request
	// Turns are the user's turns, in order. Where RedTeam is set there is one,
	// a template for each turn that the attacker writes: its text is the first
	// message.
	Turns []Turn
	// RedTeam has another target write the turns; nil where the campaign does.
	RedTeam *RedTeam
	Scorers []Reference
	// Success is a CEL expression over the names of Scorers.
	Success   string
	SuccessAt yamlfile.Position
	// StopOn is "success", the default, or "never".
	StopOn string
	// Resume is "restart", the default, or "continue".
	Resume   string
	ResumeAt yamlfile.Position
	At       yamlfile.Position

	successText yamlfile.TextPlace
}

// SuccessPosition returns the place in the file of an error in Success.
func (a Attack) SuccessPosition(err *verdict.Error) yamlfile.Position {
	return a.successText.At(err.Line, err.Column)
}

// Variant multiplies an attack's trials. Its converters are applied after each
// part's own, to every part whose converted modality the first of them accepts.
type Variant struct {
	Name       string
	Converters []Reference
	At         yamlfile.Position
}
