package campaign

import (
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// Campaign is a campaign file that has been read and found to be consistent
// in itself: every name it uses is defined, every expression parses. Whether
// its components exist and accept their configuration is for package plan.
type Campaign struct {
	// File is the name the file was read by; positions refer to it.
	File string
	// Source is the file as it was read. It holds no secret, only references.
	Source []byte
	// Files are those that it names, in the order of their names.
	Files []File

	Name        string
	Description string
	Tags        []string
	// Seed is what every random choice of a run follows from; nil where the name
	// stands for it.
	Seed     *uint64
	Scope    Scope
	Evidence Evidence
	Prices   Prices
	// Schedule is when serve runs the campaign; nil where it does not.
	Schedule *Schedule
	// Baseline is what its runs are compared with: [Previous], a run's ID, or ""
	// where it does not say. Notify are told of what that finds.
	Baseline string
	Notify   []Webhook
	// Plugins are the third parties' that the campaign uses.
	Plugins []Requirement
	// The definitions are in the order of the file.
	Targets    []Target
	Converters []Converter
	Scorers    []Scorer
	Datasets   []Dataset
	Attacks    []Attack
}

// Evidence says how much of a run may fail before the run as a whole gives no
// evidence. Both are shares of each attack's trials, from 0 to 1; the default is 0.
type Evidence struct {
	MaxErrored      float64
	MaxUndetermined float64
}

// Component is a use of a plugin's component under a name of the campaign's.
type Component struct {
	Name string
	// Use is the component's name, such as "realtime" or "acme/ivr".
	Use    string
	UseAt  Position
	Config Config
	At     Position
}

// Target is a named target.
type Target struct {
	Component
	Limits Limits
}

// Limits bound the use of one target, for all trials together.
type Limits struct {
	// Concurrency is how many conversations trials hold at a time, and how many
	// messages are being answered at a time, those of converters and scorers
	// included; the default is 4.
	Concurrency int
	// Timeout bounds the wait for one reply; the default is 120 s.
	Timeout time.Duration
	// RequestsPerMinute and TokensPerMinute are how much may be sent to it, and
	// for tokens answered, in a minute; 0 leaves that to what the service bears.
	RequestsPerMinute int
	TokensPerMinute   int
	// Retries is how often the start of a conversation is tried again that failed
	// because the target could not be reached; the default is 4. With 0 nothing is
	// sent again, not even what the service refused because of its limits.
	Retries int
}

// Converter is a named converter.
type Converter struct{ Component }

// Scorer is a named scorer.
type Scorer struct {
	Component
	// On selects the parts of the reply to judge; the default is text.
	On core.Modality
	// Via names converters that each selected value goes through first.
	Via []Name
}

// Name is a reference to something that the campaign defines, with its place.
type Name struct {
	Name string
	At   Position
}

// Dataset is rows of named values.
type Dataset struct {
	Name string
	Rows []map[string]string
	At   Position
}

// Attack is one entry of attacks:.
type Attack struct {
	Name         string
	Target       Name
	Objective    Text
	SystemPrompt string
	// Trials is how many conversations are held per variant and row.
	Trials int
	// ForEach names a dataset, or is empty.
	ForEach  Name
	Variants []Variant
	// History is what has been said before the first turn.
	History   []Said
	HistoryAt Position
	// ToolResults are what the campaign answers when the target calls a tool.
	ToolResults   []ToolResult
	ToolResultsAt Position
	// Turns are what the user says, in order. Where RedTeam is set there is one,
	// which stands for each that the attacker writes: its text is the opening.
	Turns []Turn
	// RedTeam has another target write the turns; nil where the campaign does.
	RedTeam *RedTeam
	Scorers []Name
	// Success is a CEL expression over the names of Scorers.
	Success   string
	SuccessAt Position
	StopOn    StopOn
	Resume    Resume
	ResumeAt  Position
	At        Position

	successText textPlace
}

// SuccessPosition returns the place in the file of an error in Success.
func (a Attack) SuccessPosition(err *verdict.Error) Position {
	return a.successText.at(err.Line, err.Column)
}

// Variant multiplies an attack's trials. Its converters run after each part's
// own, on every part whose converted modality the first of them takes.
type Variant struct {
	Name       string
	Converters []Name
	At         Position
}

// StopOn says when a conversation ends before its last turn.
type StopOn string

// The values of stop_on:.
const (
	// StopNever holds every turn, whatever has been reached.
	StopNever StopOn = "never"
	// StopSuccess ends the conversation as soon as success holds. It is the
	// default.
	StopSuccess StopOn = "success"
)

// Resume says what becomes of a conversation that was open when the run was
// stopped, once the run is resumed.
type Resume string

// The values of resume:.
const (
	// ResumeRestart holds it again from its first turn. It is the default.
	ResumeRestart Resume = "restart"
	// ResumeContinue gives what was said back to the target and goes on.
	ResumeContinue Resume = "continue"
)
