package wire_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// pieces returns what is sent of replies.
func pieces(t *testing.T, replies ...core.Reply) []*pb.SendResponse {
	t.Helper()
	var sent []*pb.SendResponse
	if err := wire.SendReplies(replies, func(p *pb.SendResponse) error {
		sent = append(sent, cross(t, p))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return sent
}

// receive returns pieces, and then an error.
func receive(sent []*pb.SendResponse, then error) func() (*pb.SendResponse, error) {
	return func() (*pb.SendResponse, error) {
		if len(sent) == 0 {
			return nil, then
		}
		next := sent[0]
		sent = sent[1:]
		return next, nil
	}
}

func brokenReply() core.Reply {
	r := assistant(core.Part{Value: core.TextValue("The code is blue")})
	r.Finish, r.Detail, r.Usage = core.FinishBroken, "connection lost", core.Usage{OutputTokens: 4}
	return r
}

func TestAReplyThatBrokeOffComesWithTheErrorThatSaysWhy(t *testing.T) {
	why := wire.EncodeError(core.Errorf(core.ErrorUnavailable, "connection lost").About(core.SubjectAnswer))
	first := assistant(core.Part{Value: core.TextValue("Hello.")})
	replies, err := wire.ReceiveReplies(3, receive(pieces(t, first, brokenReply()), why))
	same(t, []core.Reply{first, brokenReply()}, replies)
	if said := wire.DecodeError(err); core.KindOf(said) != core.ErrorUnavailable || core.SubjectOf(said) != core.SubjectAnswer {
		t.Errorf("error %v, want the target's own", err)
	}
}

func TestAHostThatKnowsNothingOfBrokenRepliesSeesTheError(t *testing.T) {
	sent := pieces(t, brokenReply())
	for _, p := range sent {
		p.Broken = nil // a field that it skips
	}
	why := wire.EncodeError(core.Errorf(core.ErrorUnavailable, "connection lost"))
	replies, err := wire.ReceiveReplies(1, receive(sent, why))
	if len(replies) != 0 || !errors.Is(err, why) {
		t.Errorf("%d replies and %v, want none and the target's error", len(replies), err)
	}
}

func TestPiecesThatContradictAnErrorAreRefused(t *testing.T) {
	whole := assistant(core.Part{Value: core.TextValue("Hello.")})
	why := wire.EncodeError(core.Errorf(core.ErrorRateLimited, "slow down").After(time.Second))
	gone := status.Error(14, "connection closed")
	for name, test := range map[string]struct {
		replies []core.Reply
		then    error
		came    int
		kind    core.ErrorKind
		says    string
	}{
		"broken, and no error":     {[]core.Reply{brokenReply()}, io.EOF, 1, core.ErrorProtocol, "no error says why"},
		"more after it broke off":  {[]core.Reply{brokenReply(), whole}, why, 1, core.ErrorProtocol, "more follows"},
		"whole, and an error":      {[]core.Reply{whole}, why, 1, core.ErrorProtocol, "whole, and comes with an error: slow down"},
		"whole, and a broken line": {[]core.Reply{whole}, gone, 1, core.ErrorInternal, "connection closed"},
		"whole":                    {[]core.Reply{whole}, io.EOF, 1, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			replies, err := wire.ReceiveReplies(1, receive(pieces(t, test.replies...), test.then))
			if len(replies) != test.came || core.KindOf(err) != test.kind || test.says != "" && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%d replies and %v (%s), want %d and %s: %s", len(replies), err, core.KindOf(err), test.came, test.kind, test.says)
			}
			if got := replies[0].Finish; (got == core.FinishBroken) != (err != nil) {
				t.Errorf("the reply ended as %s, with %v", got, err)
			}
		})
	}
}

func TestWhatComesBeforeAnErrorIsAllThatIsReturned(t *testing.T) {
	gone := status.Error(14, "connection closed")
	whole := assistant(core.Part{Value: core.TextValue("Hello.")})
	for name, test := range map[string]struct {
		sent []*pb.SendResponse
		then error
		came int
		kind core.ErrorKind
	}{
		"nothing before the line broke":   {nil, gone, 0, core.ErrorInternal},
		"one before the line broke":       {pieces(t, whole), gone, 1, core.ErrorInternal},
		"nothing before the end":          {nil, io.EOF, 0, core.ErrorProtocol},
		"one before the end":              {pieces(t, whole), io.EOF, 1, core.ErrorProtocol},
		"one before what is none":         {append(pieces(t, whole), &pb.SendResponse{End: &pb.ReplyEnd{Finish: 99}}), io.EOF, 1, core.ErrorProtocol},
		"as many as there are, and more":  {pieces(t, whole, whole, whole), io.EOF, 2, core.ErrorProtocol},
		"a part that its header outlives": {[]*pb.SendResponse{{Chunks: []*pb.PartChunk{{Header: &pb.PartHeader{Modality: 1, Size: 5}}}}}, gone, 0, core.ErrorInternal},
	} {
		t.Run(name, func(t *testing.T) {
			replies, err := wire.ReceiveReplies(2, receive(test.sent, test.then))
			if len(replies) != test.came || err == nil || core.KindOf(err) != test.kind {
				t.Errorf("%d replies and %v (%s), want %d and an error of kind %s", len(replies), err, core.KindOf(err), test.came, test.kind)
			}
		})
	}
}

func TestAnEndIsOfOneKind(t *testing.T) {
	for name, piece := range map[string]*pb.SendResponse{
		"both":                   {End: &pb.ReplyEnd{Finish: pb.Finish_FINISH_COMPLETE}, Broken: &pb.ReplyEnd{}},
		"broken with a finish":   {Broken: &pb.ReplyEnd{Finish: pb.Finish_FINISH_COMPLETE}},
		"broken within its part": {Chunks: []*pb.PartChunk{{Header: &pb.PartHeader{Modality: pb.Modality_MODALITY_TEXT, Size: 2}}}, Broken: &pb.ReplyEnd{}},
	} {
		var r wire.ReplyReader
		if err := r.Add(piece); core.KindOf(err) != core.ErrorProtocol {
			t.Errorf("%s: error %v, want a protocol error", name, err)
		}
	}
}

func TestWhatAnErrorSpeaksOfCrosses(t *testing.T) {
	for _, kind := range core.ErrorKinds() {
		plain := core.Errorf(kind, "odd")
		said := status.Convert(wire.EncodeError(plain)).Details()[0].(*pb.ErrorDetail)
		if said.GetSubject() != pb.ErrorSubject_ERROR_SUBJECT_UNSPECIFIED {
			t.Errorf("an error of kind %s that says nothing is sent as one of %s", kind, said.GetSubject())
		}
		if got, want := core.SubjectOf(wire.DecodeError(wire.EncodeError(plain))), core.SubjectOf(plain); got != want {
			t.Errorf("kind %s: it speaks of %s, want %s", kind, got, want)
		}
		for _, subject := range core.ErrorSubjects() {
			for name, err := range map[string]error{
				"plain":   plain.About(subject),
				"waiting": plain.About(subject).After(time.Second),
				"wrapped": core.Errorf(core.ErrorTimeout, "%w", plain.About(subject)),
				"several": core.Errors{plain.About(subject), plain},
			} {
				if got := core.SubjectOf(wire.DecodeError(wire.EncodeError(err))); got != subject {
					t.Errorf("%s error of kind %s: it speaks of %q, want %s", name, kind, got, subject)
				}
			}
		}
	}
}

func TestTheWaitOfAnErrorWithinCrosses(t *testing.T) {
	err := core.Errorf(core.ErrorUnavailable, "starting: %w", core.Errorf(core.ErrorRateLimited, "slow down").After(3*time.Second))
	if got := core.RetryAfterOf(wire.DecodeError(wire.EncodeError(err))); got != 3*time.Second {
		t.Errorf("it says to wait for %s, want 3s", got)
	}
}

func TestAnUnknownSubjectIsNotSaid(t *testing.T) {
	s, err := status.New(13, "odd").WithDetails(&pb.ErrorDetail{Kind: pb.ErrorKind_ERROR_KIND_UNAVAILABLE, Subject: 99})
	if err != nil {
		t.Fatal(err)
	}
	if got := core.SubjectOf(wire.DecodeError(s.Err())); got != core.SubjectReachability {
		t.Errorf("it speaks of %q, want what its kind says", got)
	}
}
