package core

import (
	"context"
	"time"
)

// Target is a system that answers messages: the system under test, or a
// helper model.
//
// A target is opened once per run and holds many conversations at a time: all
// its methods may be called concurrently. A target that also implements
// [io.Closer] is closed when nothing uses it any more.
type Target interface {
	// StartConversation begins a conversation that remembers its turns until
	// it is ended. It fails with an [Error] of a kind that says what the
	// caller can do: ErrorAuth, ErrorUnavailable, ErrorConfig and so on.
	StartConversation(ctx context.Context, start Start) (Conversation, error)
}

// Start is what a conversation begins with.
type Start struct {
	// SystemPrompt instructs the target; "" means none is sent and the
	// target keeps whatever it is deployed with.
	SystemPrompt string
	// History is what has been said before, oldest first. A target that
	// cannot take one fails with ErrorUnsupported.
	History []Message
	// Seed is what the target's random choices in the conversation should follow
	// from, as far as it can see to that.
	Seed uint64
}

// Conversation is one conversation with a target. Its methods are called by
// one goroutine at a time.
type Conversation interface {
	// Send delivers one user (or tool) message and waits for the reply.
	//
	// A target that refuses, or whose content filter cuts the reply off, has
	// answered: that is a Reply with a [Finish], not an error. An error means
	// that there is no whole reply to judge. If content had arrived by then, Send
	// returns it with the error, as a Reply with FinishBroken: what a target has
	// said before its connection broke is evidence of what it does. Any other
	// Reply comes without an error, and FinishBroken never does.
	//
	// A message that fails with ErrorRateLimited has left no trace in the
	// conversation, and may be sent again. One that fails otherwise may have been
	// heard.
	Send(ctx context.Context, m Message) (Reply, error)
	// End releases the conversation. It may be called more than once, and
	// after a failed Send.
	End(ctx context.Context) error
}

// Interruptible is a [Conversation] whose replies can be spoken over.
type Interruptible interface {
	Conversation
	// Exchange delivers the first message as Send does, and each further one,
	// by its [Delivery.InterruptAfter], over the reply to the one before. It
	// returns the replies in order; those that came before an error are
	// returned with it, and so is one that the error broke off: it is the last of
	// them, with FinishBroken. There are always fewer whole replies than messages
	// with an error.
	//
	// A reply that was spoken over ends as FinishInterrupted, and its Delivered
	// is more than 0 exactly then: one that anything else cancelled has none,
	// and is not whole. What had played of it is told from what had not by
	// [Part.Undelivered]. One that was over before it could be is whole.
	Exchange(ctx context.Context, messages []Message) ([]Reply, error)
}

// Finish says why a reply ended.
type Finish string

// The ways in which a reply ends. Only FinishComplete and FinishBlocked are
// trustworthy evidence that a target did not do something.
const (
	// FinishComplete: the target said all that it wanted to.
	FinishComplete Finish = "complete"
	// FinishBlocked: the provider's content filter cut the reply off.
	FinishBlocked Finish = "blocked"
	// FinishTruncated: a length limit cut the reply off.
	FinishTruncated Finish = "truncated"
	// FinishInterrupted: the reply was cancelled, or spoken over.
	FinishInterrupted Finish = "interrupted"
	// FinishUnconfirmed: content arrived, but the target never said that it
	// was all (a soft finish).
	FinishUnconfirmed Finish = "unconfirmed"
	// FinishBroken: content arrived, and then the reply broke off. Such a Reply
	// is returned together with the error that says why, and only so.
	FinishBroken Finish = "broken"
)

// Conclusive reports whether a reply that ended this way can be judged as
// whole.
func (f Finish) Conclusive() bool {
	return f == FinishComplete || f == FinishBlocked
}

// Confidence is how sure a target was of a text, by the probabilities that it gives
// the text's pieces, from 0 to 1.
type Confidence struct {
	// Mean is the geometric mean of the probabilities.
	Mean float64 `json:"mean"`
	// Least is the lowest of them, and LeastOf the piece of the text that has it.
	Least   float64 `json:"least"`
	LeastOf string  `json:"least_of"`
}

// Reply is a target's answer to one message.
type Reply struct {
	// Message has the role Assistant; its parts are in the order in which
	// the target gave them.
	Message Message
	Finish  Finish
	// Detail explains a Finish other than complete, in the provider's words.
	Detail string
	// Heard is what the target says that it heard in the message's audio; ""
	// if it does not say. An attack that was misheard is not one that was
	// resisted.
	Heard string
	// Unheard says that the target reports to have heard no words in the
	// message's audio. Such a turn proves no defence.
	Unheard bool
	// HeardConfidence is how sure the target was of what it heard; nil if it does
	// not say.
	HeardConfidence *Confidence
	// HeardMissing says that the target was asked what it heard in the message's
	// audio, and did not say so of all of it. Whether the attack was heard is not
	// known then.
	HeardMissing bool
	// Delivered is how much of an interrupted reply's audio had played when
	// it was spoken over. It is 0 for other replies.
	Delivered time.Duration
	// Replayed says that the target had lost the conversation, which was then
	// given back to it: the turns before this one as far as they can be, such
	// as a transcript in place of what the target spoke. It is not the same
	// evidence as an unbroken conversation.
	Replayed bool
	Usage    Usage
	Timing   Timing
	// RateLimits are what the provider says is left of its limits.
	RateLimits []RateLimit
	// Warnings are things that a reader of the record should know, such as a
	// setting that the provider ignored. They do not change the outcome.
	Warnings []string
}

// Usage is what a reply cost, in tokens, as the provider counted. Zero means
// unknown or none.
type Usage struct {
	InputTokens  int64 `json:"input_tokens,omitempty"`
	OutputTokens int64 `json:"output_tokens,omitempty"`
	// The rest are parts of the two sums above.
	CachedInputTokens int64 `json:"cached_input_tokens,omitempty"`
	InputTextTokens   int64 `json:"input_text_tokens,omitempty"`
	InputAudioTokens  int64 `json:"input_audio_tokens,omitempty"`
	InputImageTokens  int64 `json:"input_image_tokens,omitempty"`
	OutputTextTokens  int64 `json:"output_text_tokens,omitempty"`
	OutputAudioTokens int64 `json:"output_audio_tokens,omitempty"`
	// OutputReasoningTokens are what the target thought, whether it shows that or
	// not.
	OutputReasoningTokens int64 `json:"output_reasoning_tokens,omitempty"`
}

// Add returns the sum of two usages.
func (u Usage) Add(v Usage) Usage {
	return Usage{
		InputTokens:       u.InputTokens + v.InputTokens,
		OutputTokens:      u.OutputTokens + v.OutputTokens,
		CachedInputTokens: u.CachedInputTokens + v.CachedInputTokens,
		InputTextTokens:   u.InputTextTokens + v.InputTextTokens,
		InputAudioTokens:  u.InputAudioTokens + v.InputAudioTokens,
		InputImageTokens:  u.InputImageTokens + v.InputImageTokens,
		OutputTextTokens:  u.OutputTextTokens + v.OutputTextTokens,
		OutputAudioTokens: u.OutputAudioTokens + v.OutputAudioTokens,

		OutputReasoningTokens: u.OutputReasoningTokens + v.OutputReasoningTokens,
	}
}

// Timing says when things happened. Zero means that it did not happen or is
// not known.
type Timing struct {
	// Connect is how long the connection took that this turn is the first on,
	// until the target was ready for it.
	Connect time.Duration `json:"connect,omitempty"`
	// The others are times since the message was sent: to the first sign of a
	// reply, to its first and last audio, and to its end.
	FirstEvent time.Duration `json:"first_event,omitempty"`
	FirstAudio time.Duration `json:"first_audio,omitempty"`
	LastAudio  time.Duration `json:"last_audio,omitempty"`
	Total      time.Duration `json:"total,omitempty"`
}

// RateLimit is what a provider says of one of its limits.
type RateLimit struct {
	// Name is the provider's, such as "requests" or "tokens".
	Name string `json:"name"`
	// Limit and Remaining are in the units of the name.
	Limit     int64 `json:"limit"`
	Remaining int64 `json:"remaining"`
	// Reset is the time until the limit is as it was.
	Reset time.Duration `json:"reset"`
}
