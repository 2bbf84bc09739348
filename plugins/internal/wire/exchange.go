package wire

import (
	"context"
	"errors"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// Deliver sends messages of which each after the first is said over the reply to
// the one before. It returns the replies that came before an error with it.
func Deliver(ctx context.Context, c core.Conversation, messages []core.Message) ([]core.Reply, error) {
	if len(messages) == 1 {
		reply, err := c.Send(ctx, messages[0])
		if err != nil {
			return nil, err
		}
		return []core.Reply{reply}, nil
	}
	talk, ok := c.(core.Interruptible)
	if !ok {
		return nil, core.Errorf(core.ErrorUnsupported, "the replies of this target cannot be interrupted")
	}
	replies, err := talk.Exchange(ctx, messages)
	if err == nil && len(replies) != len(messages) {
		err = core.Errorf(core.ErrorInternal, "the target gave %d replies to %d messages", len(replies), len(messages))
	}
	return replies, err
}

// SendReplies hands replies to send, each piece by piece.
func SendReplies(replies []core.Reply, send func(*pb.SendResponse) error) error {
	for _, reply := range replies {
		if err := SendReply(reply, send); err != nil {
			return err
		}
	}
	return nil
}

// ReceiveReplies puts the replies to a number of messages together from the
// pieces that receive returns, up to [io.EOF]. It returns those that came before
// an error with it: one of receive, or a [core.Error] where the pieces are no
// replies.
func ReceiveReplies(messages int, receive func() (*pb.SendResponse, error)) ([]core.Reply, error) {
	var replies []core.Reply
	for range messages {
		reply, err := receiveReply(receive)
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
	}
	switch _, err := receive(); {
	case err == nil:
		return replies, core.Errorf(core.ErrorProtocol, "there are more replies than messages")
	case !errors.Is(err, io.EOF):
		return replies, err
	}
	return replies, nil
}

func receiveReply(receive func() (*pb.SendResponse, error)) (core.Reply, error) {
	var reply ReplyReader
	for !reply.Ended() {
		piece, err := receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return core.Reply{}, err
		}
		if err := reply.Add(piece); err != nil {
			return core.Reply{}, err
		}
	}
	return reply.Reply()
}
