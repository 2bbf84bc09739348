package core

import (
	"context"
	"slices"
)

// Deliver sends messages in a conversation, each after the first over the reply
// to the one before, and holds what comes back to the contract of [Conversation]
// and [Interruptible]. With an error it returns the replies that came before: all
// whole, and fewer than there are messages, but for one that the error broke off,
// which is the last of them and has FinishBroken. A conversation that breaks that
// contract fails with ErrorProtocol; what it says beside an error counts as a reply
// that broke off. Several messages need an [Interruptible], and
// fail with ErrorUnsupported without one.
func Deliver(ctx context.Context, c Conversation, messages []Message) ([]Reply, error) {
	if len(messages) == 0 {
		return nil, Errorf(ErrorInternal, "there is no message to send")
	}
	if len(messages) == 1 {
		reply, err := c.Send(ctx, messages[0])
		if err != nil && reply.Finish == "" && reply.Message.Empty() {
			return nil, err
		}
		return checkReplies(1, []Reply{reply}, err)
	}
	interruptible, ok := c.(Interruptible)
	if !ok {
		return nil, Errorf(ErrorUnsupported, "the replies of this target cannot be interrupted")
	}
	replies, err := interruptible.Exchange(ctx, messages)
	return checkReplies(len(messages), replies, err)
}

// checkReplies returns the replies to a number of messages that count, and what
// sending them failed with.
func checkReplies(messages int, replies []Reply, err error) ([]Reply, error) {
	if len(replies) > messages {
		return checkReplies(messages, replies[:messages], breach(err, "the target gave %d replies to %d messages", len(replies), messages))
	}
	for i, reply := range replies {
		if reply.Finish != FinishBroken {
			continue
		}
		if i < len(replies)-1 {
			err = breach(err, "reply %d broke off, and others follow it", i+1)
		} else if err == nil {
			err = breach(nil, "reply %d broke off, and no error says why", i+1)
		}
		return replies[:i+1], err
	}
	switch {
	case err == nil && len(replies) < messages:
		return replies, breach(nil, "the target gave %d replies to %d messages", len(replies), messages)
	case err != nil && len(replies) == messages:
		replies = slices.Clone(replies)
		replies[messages-1].Finish, replies[messages-1].Delivered = FinishBroken, 0
		return replies, breach(err, "the last reply is whole, and comes with an error")
	}
	return replies, err
}

// breach is the error of a conversation that breaks its contract, with the error
// that it returned, if there is one.
func breach(err error, format string, args ...any) error {
	if err == nil {
		return Errorf(ErrorProtocol, format, args...).About(SubjectAnswer)
	}
	return Errorf(ErrorProtocol, format+": %w", append(args, err)...).About(SubjectAnswer)
}
