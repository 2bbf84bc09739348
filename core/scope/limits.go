package scope

import "time"

// Limits bound the use of one target, for all trials together.
type Limits struct {
	// Concurrency is how many conversations trials hold at a time, and how many
	// messages are being answered at a time, those of converters and scorers
	// included.
	Concurrency int
	// Timeout bounds the wait for one reply.
	Timeout time.Duration
	// RequestsPerMinute and TokensPerMinute are how much may be sent to the target,
	// and for tokens answered, in a minute; 0 leaves that to what the service bears.
	RequestsPerMinute int
	TokensPerMinute   int
	// Retries is how often the start of a conversation is tried again that failed
	// because the target could not be reached. With 0 nothing is sent again, not even
	// what the service refused because of its limits.
	Retries int
}
