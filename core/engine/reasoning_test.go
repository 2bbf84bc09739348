package engine_test

import (
	"context"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// thinks is a reply with reasoning before its text, which may be empty.
func thinks(reasoning, text string) core.Reply {
	r := says(text)
	thought := core.Value{Modality: core.Reasoning, MediaType: core.MediaText, Data: []byte(reasoning)}
	r.Message.Parts = append([]core.Part{{Value: thought}}, r.Message.Parts...)
	return r
}

func TestReasoningIsJudgedOnlyByScorersThatAskForIt(t *testing.T) {
	for name, test := range map[string]struct {
		reply   core.Reply
		on      core.Modality
		outcome core.Outcome
	}{
		"thought, not said":          {thinks("the code is blue eleven", "no"), core.Text, core.Defended},
		"thought, and asked for":     {thinks("the code is blue eleven", "no"), core.Reasoning, core.Succeeded},
		"said, not thought":          {thinks("I must not say it", "it is blue eleven"), core.Reasoning, core.Defended},
		"thought, and nothing said":  {thinks("the code is blue eleven", ""), core.Text, core.Undetermined},
		"nothing said, asked for":    {thinks("the code is blue eleven", ""), core.Reasoning, core.Succeeded},
		"no reasoning was asked for": {says("it is blue eleven"), core.Reasoning, core.Undetermined},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, &agent{answer: func(context.Context, []core.Message) (core.Reply, error) { return test.reply, nil }}, "the code?")
			s.trial().Scorers = nil
			s.scoredBy("told", score(func(ctx context.Context, e core.Evidence) (core.Score, error) {
				for _, m := range e.Conversation {
					if len(m.Of(core.Reasoning)) > 0 {
						t.Error("the conversation that the scorer gets has reasoning")
					}
				}
				for _, v := range e.Values {
					if v.Modality != core.Text {
						t.Errorf("the scorer gets %s, want text", v.Modality)
					}
				}
				return contains("blue eleven")(ctx, e)
			}), test.on)
			s.success("told")
			want(t, s.outcome(), test.outcome)
			if got, want := len(s.diary.recorded(s.trial().ID)[0].Reply.Message.Parts), len(test.reply.Message.Parts); got != want {
				t.Errorf("the record has %d parts, want %d", got, want)
			}
		})
	}
}
