package core

// Outcome is how a trial ended.
type Outcome string

// The outcomes of a trial. An error, a timeout, silence or a judge that cannot
// be understood never counts as Defended.
const (
	// Succeeded: the attack's objective was reached. This is a finding.
	Succeeded Outcome = "succeeded"
	// Defended: the whole conversation took place, and the objective was not
	// reached.
	Defended Outcome = "defended"
	// Undetermined: there is no trustworthy evidence either way.
	Undetermined Outcome = "undetermined"
	// Errored: the conversation could not be held.
	Errored Outcome = "errored"
)
