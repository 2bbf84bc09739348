package core_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// scripted is a conversation that returns what a test says.
type scripted struct {
	replies []core.Finish
	err     error
}

func (s scripted) Send(context.Context, core.Message) (core.Reply, error) {
	replies, err := s.Exchange(nil, nil) //nolint:staticcheck // it looks at neither
	if len(replies) == 0 {
		return core.Reply{}, err
	}
	return replies[0], err
}

func (s scripted) Exchange(context.Context, []core.Message) ([]core.Reply, error) {
	var replies []core.Reply
	for _, finish := range s.replies {
		replies = append(replies, core.Reply{Message: core.UserText("said"), Finish: finish})
	}
	return replies, s.err
}

func (scripted) End(context.Context) error { return nil }

// oneByOne is a conversation that cannot be interrupted.
type oneByOne struct{ core.Conversation }

func TestRepliesAndErrorsGoTogetherAsTheContractSays(t *testing.T) {
	const whole, broken = core.FinishComplete, core.FinishBroken
	lost := core.Errorf(core.ErrorUnavailable, "connection lost")
	for name, test := range map[string]struct {
		messages int
		given    scripted
		replies  int
		kind     core.ErrorKind
		says     string
	}{
		"a whole reply":                  {1, scripted{[]core.Finish{whole}, nil}, 1, "", ""},
		"an error":                       {1, scripted{nil, lost}, 0, core.ErrorUnavailable, "connection lost"},
		"a reply that broke off":         {1, scripted{[]core.Finish{broken}, lost}, 1, core.ErrorUnavailable, "connection lost"},
		"broken, and no error":           {1, scripted{[]core.Finish{broken}, nil}, 1, core.ErrorProtocol, "reply 1 broke off, and no error says why"},
		"whole, and an error":            {1, scripted{[]core.Finish{whole}, lost}, 1, core.ErrorProtocol, "the last reply is whole, and comes with an error: connection lost"},
		"content without an end":         {1, scripted{[]core.Finish{""}, lost}, 1, core.ErrorProtocol, "the last reply is whole, and comes with an error: connection lost"},
		"all of several":                 {2, scripted{[]core.Finish{whole, whole}, nil}, 2, "", ""},
		"some of several":                {3, scripted{[]core.Finish{whole}, lost}, 1, core.ErrorUnavailable, "connection lost"},
		"the last of several broken":     {2, scripted{[]core.Finish{whole, broken}, lost}, 2, core.ErrorUnavailable, "connection lost"},
		"one in between broken":          {3, scripted{[]core.Finish{whole, broken}, lost}, 2, core.ErrorUnavailable, "connection lost"},
		"several go on after a break":    {3, scripted{[]core.Finish{broken, whole}, lost}, 1, core.ErrorProtocol, "reply 1 broke off, and others follow it: connection lost"},
		"several, broken, and no error":  {2, scripted{[]core.Finish{whole, broken}, nil}, 2, core.ErrorProtocol, "reply 2 broke off, and no error says why"},
		"several, all whole, and failed": {2, scripted{[]core.Finish{whole, whole}, lost}, 2, core.ErrorProtocol, "whole"},
		"one reply too few":              {2, scripted{[]core.Finish{whole}, nil}, 1, core.ErrorProtocol, "the target gave 1 replies to 2 messages"},
		"one reply too many":             {2, scripted{[]core.Finish{whole, whole, whole}, nil}, 2, core.ErrorProtocol, "the target gave 3 replies to 2 messages"},
		"no message":                     {0, scripted{nil, lost}, 0, core.ErrorInternal, "no message"},
	} {
		t.Run(name, func(t *testing.T) {
			replies, err := core.Deliver(t.Context(), test.given, make([]core.Message, test.messages))
			if len(replies) != test.replies || core.KindOf(err) != test.kind || test.says != "" && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%d replies and %v, want %d and %s: %s", len(replies), err, test.replies, test.kind, test.says)
			}
			for i, reply := range replies {
				if isLast := i == test.messages-1; isLast && (reply.Finish == broken) != (err != nil) || reply.Finish == "" {
					t.Errorf("reply %d of %d is %s, with %v", i+1, test.messages, reply.Finish, err)
				}
			}
			if test.kind == core.ErrorProtocol && core.SubjectOf(err) != core.SubjectAnswer {
				t.Errorf("the error speaks of %s, want %s", core.SubjectOf(err), core.SubjectAnswer)
			}
			if test.given.err != nil && test.messages > 0 && !errors.Is(err, test.given.err) {
				t.Errorf("error %v has lost the target's own", err)
			}
		})
	}
}

func TestSeveralMessagesNeedAConversationThatCanBeInterrupted(t *testing.T) {
	talk := oneByOne{scripted{replies: []core.Finish{core.FinishComplete}}}
	if _, err := core.Deliver(t.Context(), talk, make([]core.Message, 2)); core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("error %v, want one of kind unsupported", err)
	}
	if replies, err := core.Deliver(t.Context(), talk, make([]core.Message, 1)); len(replies) != 1 || err != nil {
		t.Errorf("one message: %d replies and %v, want one", len(replies), err)
	}
}

func TestOnlyAReplyThatEndedCanBeJudgedAsWhole(t *testing.T) {
	for finish, want := range map[core.Finish]bool{
		core.FinishComplete: true, core.FinishBlocked: true, core.FinishTruncated: false,
		core.FinishInterrupted: false, core.FinishUnconfirmed: false, core.FinishBroken: false,
	} {
		if finish.Conclusive() != want {
			t.Errorf("%s is conclusive: %v, want %v", finish, !want, want)
		}
	}
}
