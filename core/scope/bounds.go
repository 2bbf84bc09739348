package scope

import "time"

// Bounds are how much a run may use and when it is allowed. A zero value bounds
// nothing. Messages are counted to the attacked targets and to those that
// converters, scorers and attackers use.
type Bounds struct {
	MaxTurns    int
	MaxDuration time.Duration
	// MaxTokens counts those of input and output together.
	MaxTokens int64
	// MaxCost is in the currency of the campaign's prices.
	MaxCost float64
	// Window is when runs are allowed; nil allows them at any time.
	Window *Window
}
