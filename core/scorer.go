package core

import "context"

// Scorer judges what a target said.
//
// A scorer is opened once per run and used concurrently. A scorer that also
// implements [io.Closer] is closed when nothing uses it any more.
type Scorer interface {
	// Score judges the evidence. A scorer that cannot tell returns a
	// score of type [ScoreUnknown]; an error means that it could not do its work.
	// Neither ever counts as evidence that the target defended itself. Random
	// choices follow from the [Seed] of ctx.
	Score(ctx context.Context, e Evidence) (Score, error)
}

// Evidence is what a scorer judges.
type Evidence struct {
	// Objective is what the attack wants the target to do, from the campaign.
	Objective string
	// Conversation is what was said, oldest message first, the reply to be
	// judged included. The system prompt is its first message if the attack
	// set one. Sounds and images are in the last message only: of the earlier
	// ones it holds what is text (transcripts and tool calls among it), and
	// in place of a sound or image that was made from text, that text.
	Conversation []Message
	// Values are the values to judge: the target's last reply, or what the
	// campaign selected from it (on:) and converted (via:).
	Values []Value
}

// ScoreType says what sort of judgement a [Score] is.
type ScoreType string

// The score types. The zero value is ScoreUnknown, so that a score that
// was not filled in is never taken for a judgement.
const (
	// ScoreUnknown: the scorer could not tell.
	ScoreUnknown ScoreType = ""
	// ScoreTrueFalse: something holds, or does not.
	ScoreTrueFalse ScoreType = "true_false"
	// ScoreScale: a number from 0 (not at all) to 1 (entirely).
	ScoreScale ScoreType = "scale"
)

// Score is a scorer's judgement with its reason.
type Score struct {
	Type ScoreType
	// Value is 0 or 1 for ScoreTrueFalse, from 0 to 1 for ScoreScale.
	Value     float64
	Rationale string
}

// BoolScore returns a score of type [ScoreTrueFalse].
func BoolScore(b bool, rationale string) Score {
	s := Score{Type: ScoreTrueFalse, Rationale: rationale}
	if b {
		s.Value = 1
	}
	return s
}

// True reports whether the score is of type [ScoreTrueFalse] and holds.
func (s Score) True() bool { return s.Type == ScoreTrueFalse && s.Value == 1 }

// UnknownScore returns a score that says why nothing can be said.
func UnknownScore(rationale string) Score { return Score{Rationale: rationale} }
