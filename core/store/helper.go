package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// helperPlace is where the values of a trial's n-th helper turn are.
func helperPlace(n int, what string) string { return fmt.Sprintf("helper/%d/%s", n, what) }

// helperHistory is where the i-th message is that its conversation began with.
func helperHistory(n, i int) string { return helperPlace(n, fmt.Sprintf("history/%d", i)) }

// RecordHelperTurn implements [engine.Journal].
func (j *Journal) RecordHelperTurn(trialID string, t record.HelperTurn) error {
	kept, err := j.store.keepTurn(t.Turn)
	if err != nil {
		return err
	}
	var roles []core.Role
	history := make([][]keptPart, len(t.Start.History))
	for i, m := range t.Start.History {
		roles = append(roles, m.Role)
		if history[i], err = j.store.keepParts(m.Parts); err != nil {
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

// HelperTurns returns what strategies, converters and scorers asked of helpers in the
// last attempt at a trial,
// in the order in which it was recorded, artifacts included. It fails where an
// artifact is missing or damaged.
func (s *Store) HelperTurns(ctx context.Context, runID, trialID string) ([]record.HelperTurn, error) {
	turns, err := s.helperTurns(ctx, runID, trialID, lastAttempt)
	if err != nil {
		return nil, fmt.Errorf("reading the helper turns of trial %s of run %s: %w", trialID, runID, err)
	}
	return turns, nil
}

func (s *Store) helperTurns(ctx context.Context, runID, trialID string, attempt int) ([]record.HelperTurn, error) {
	if s.schema < schemaHelpers {
		return nil, nil
	}
	turns, err := collect(ctx, s.reads, scanHelperTurn, `SELECT ordinal, kind, asked_by, turn, target, conversation, system_prompt, history,
		started_at, ended_at, reply, failure, sent_role, delivery
		FROM helper_turns WHERE run_id = $1 AND trial_id = $2 `+s.ofAttempt(attempt)+` ORDER BY ordinal`, runID, trialID)
	if err == nil && len(turns) > 0 {
		err = s.fillHelperTurns(ctx, turns, runID, trialID, attempt)
	}
	return turns, err
}

func scanHelperTurn(rows *sql.Rows) (record.HelperTurn, error) {
	var t record.HelperTurn
	var row turnRow
	var prompt []byte
	var history *string
	err := rows.Scan(&t.Index, &t.Kind, &t.By, &t.For, &t.Target, &t.Conversation, &prompt, &history,
		&row.started, &row.ended, &row.reply, &row.failure, &t.Sent.Role, &row.delivery)
	if err != nil {
		return t, err
	}
	t.Start.SystemPrompt = string(prompt)
	roles, err := decode[[]core.Role](history)
	if err != nil {
		return t, err
	}
	if roles != nil {
		for _, role := range *roles {
			t.Start.History = append(t.Start.History, core.Message{Role: role})
		}
	}
	return t, row.into(&t.Turn)
}

// fillHelperTurns puts the parts into turns.
func (s *Store) fillHelperTurns(ctx context.Context, turns []record.HelperTurn, runID, trialID string, attempt int) error {
	parts, err := s.parts(ctx, runID, trialID, attempt)
	if err != nil {
		return err
	}
	for i := range turns {
		t := &turns[i]
		t.Sent.Parts = parts[corner{t.For, helperPlace(t.Index, placeSent)}]
		if t.Reply != nil {
			t.Reply.Message = core.Message{Role: core.Assistant, Parts: parts[corner{t.For, helperPlace(t.Index, placeReply)}]}
		}
		for n := range t.Start.History {
			t.Start.History[n].Parts = parts[corner{t.For, helperHistory(t.Index, n)}]
		}
	}
	return nil
}
