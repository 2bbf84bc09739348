package wire

import (
	"errors"
	"io"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// SendReplies passes the pieces of replies to send. A reply that broke off is
// the last of its call, which has to fail after it.
func SendReplies(replies []core.Reply, send func(*pb.SendResponse) error) error {
	for _, reply := range replies {
		if err := SendReply(reply, send); err != nil {
			return err
		}
	}
	return nil
}

// ReceiveReplies assembles the replies to a number of messages from the pieces
// that receive returns, up to [io.EOF]. With an error it returns those that
// came before, as [core.Deliver] does: all complete and fewer than there are
// messages, except for the last, which may have broken off. So has one that came
// whole, and after which the call failed. The error is receive's, or a [core.Error]
// where the pieces are invalid.
func ReceiveReplies(messages int, receive func() (*pb.SendResponse, error)) ([]core.Reply, error) {
	var replies []core.Reply
	for range messages {
		reply, err := receiveReply(receive)
		if err != nil {
			return replies, err
		}
		replies = append(replies, reply)
		if reply.Finish == core.FinishBroken {
			return replies, whyBroken(receive)
		}
	}
	_, err := receive()
	if errors.Is(err, io.EOF) {
		return replies, nil
	}
	replies[messages-1].Finish, replies[messages-1].Delivered = core.FinishBroken, 0
	if err == nil {
		return replies, core.Errorf(core.ErrorProtocol, "there are more replies than messages")
	}
	if said := DecodeError(err); said != nil {
		err = core.Errorf(core.ErrorProtocol, "the last reply is whole, and comes with an error: %w", said).About(core.SubjectAnswer)
	}
	return replies, err
}

// whyBroken returns the error that follows a reply that broke off.
func whyBroken(receive func() (*pb.SendResponse, error)) error {
	switch _, err := receive(); {
	case err == nil:
		return core.Errorf(core.ErrorProtocol, "more follows a reply that broke off").About(core.SubjectAnswer)
	case errors.Is(err, io.EOF):
		return core.Errorf(core.ErrorProtocol, "a reply broke off, and no error says why").About(core.SubjectAnswer)
	default:
		return err
	}
}

// OnlyReply returns the reply to a single message, or the zero value where none
// arrived.
func OnlyReply(replies []core.Reply) core.Reply {
	if len(replies) == 0 {
		return core.Reply{}
	}
	return replies[0]
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
