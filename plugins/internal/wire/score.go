package wire

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	pb "github.com/redteam-orchestrator/orchestrator/plugins/internal/pluginv1"
)

// EncodeEvidence returns a scorer's input, for an instance.
func EncodeEvidence(instance string, e core.Evidence) (*pb.ScoreRequest, error) {
	conversation, err := each("message", e.Conversation, EncodeMessage)
	if err != nil {
		return nil, fmt.Errorf("conversation: %w", err)
	}
	values, err := each("value", e.Values, EncodeValue)
	if err != nil {
		return nil, err
	}
	return &pb.ScoreRequest{Instance: instance, Objective: []byte(e.Objective), Conversation: conversation, Values: values}, nil
}

// DecodeEvidence returns a scorer's input.
func DecodeEvidence(r *pb.ScoreRequest) (core.Evidence, error) {
	conversation, err := each("message", r.GetConversation(), DecodeMessage)
	if err != nil {
		return core.Evidence{}, fmt.Errorf("conversation: %w", err)
	}
	values, err := each("value", r.GetValues(), DecodeValue)
	if err != nil {
		return core.Evidence{}, err
	}
	return core.Evidence{Objective: string(r.GetObjective()), Conversation: conversation, Values: values}, nil
}

// EncodeScore returns a score for the wire.
func EncodeScore(s core.Score) (*pb.Score, error) {
	if err := possible(s); err != nil {
		return nil, err
	}
	t, err := encodeScoreType(s.Type)
	if err != nil {
		return nil, err
	}
	return &pb.Score{Type: t, Value: s.Value, Rationale: valid(s.Rationale)}, nil
}

// DecodeScore returns a score from the wire.
func DecodeScore(s *pb.Score) (core.Score, error) {
	if s == nil {
		return core.Score{}, core.Errorf(core.ErrorProtocol, "the score is missing")
	}
	t, err := decodeScoreType(s.GetType())
	if err != nil {
		return core.Score{}, err
	}
	score := core.Score{Type: t, Value: s.GetValue(), Rationale: s.GetRationale()}
	return score, possible(score)
}

// possible returns an error for an invalid score. The comparisons are written
// so that they are false for NaN.
func possible(s core.Score) error {
	ok := s.Value == 0
	switch s.Type {
	case core.ScoreTrueFalse:
		ok = s.Value == 0 || s.Value == 1
	case core.ScoreScale:
		ok = s.Value >= 0 && s.Value <= 1
	}
	if !ok {
		return core.Errorf(core.ErrorProtocol, "a score of type %q cannot be %v", s.Type, s.Value)
	}
	return nil
}
