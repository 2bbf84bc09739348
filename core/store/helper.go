package store

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// helperPlace is the place of the values of a trial's n-th helper turn.
func helperPlace(n int, what string) string { return fmt.Sprintf("helper/%d/%s", n, what) }

// helperHistory is the place of the i-th message of that turn's history.
func helperHistory(n, i int) string { return helperPlace(n, fmt.Sprintf("history/%d", i)) }

// RecordHelperTurn implements [engine.Journal].
func (j *Journal) RecordHelperTurn(trialID string, t record.HelperTurn) error {
	kept, err := j.store.artifacts.storeTurn(t.Turn)
	if err != nil {
		return err
	}
	var roles []core.Role
	history := make([][]storedPart, len(t.Start.History))
	for i, m := range t.Start.History {
		roles = append(roles, m.Role)
		if history[i], err = j.store.artifacts.storeParts(m.Parts); err != nil {
			return err
		}
	}
	var said *[]core.Role
	if len(roles) > 0 {
		said = &roles
	}
	encoded, err := encode("history", said)
	if err != nil {
		return err
	}
	at := j.at(trialID, t.For)
	return j.now(func(w *writer) error {
		err := w.exec(`INSERT INTO helper_turns (run_id, trial_id, attempt, ordinal, kind, asked_by, turn, target, conversation, system_prompt, history,
			started_at, ended_at, reply, failure, sent_role, delivery)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			j.id, trialID, at.attempt, t.Index, string(t.Kind), t.By, t.For, t.Target, t.Conversation, []byte(t.Start.SystemPrompt), encoded,
			t.Started.UnixNano(), t.Ended.UnixNano(), kept.reply, kept.failure, string(t.Sent.Role), kept.delivery)
		if err != nil {
			return err
		}
		for i, parts := range history {
			if err := at.insertParts(w, helperHistory(t.Index, i), parts); err != nil {
				return err
			}
		}
		if err := at.insertParts(w, helperPlace(t.Index, placeSent), kept.sent); err != nil {
			return err
		}
		return at.insertParts(w, helperPlace(t.Index, placeReply), kept.replied)
	})
}
