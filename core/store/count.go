package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Count is the number of trials of an attack, target and variant with the same
// outcome.
type Count struct {
	Attack, Target, Variant string
	// Outcome is empty for trials that were begun and have none.
	Outcome core.Outcome
	// Failure is why they errored; nil where they did not.
	Failure *record.Failure
	Trials  int
}

// Counts counts the trials of a run that were begun, in the order of the plan.
// Its memory does not depend on the number of trials.
func (r *Reader) Counts(ctx context.Context, runID string) ([]Count, error) {
	counts, err := collect(ctx, r.db, func(rows *sql.Rows) (c Count, err error) {
		var failure *string
		if err := rows.Scan(&c.Attack, &c.Target, &c.Variant, &c.Outcome, &failure, &c.Trials); err != nil {
			return c, err
		}
		c.Failure, err = decode[record.Failure](failure)
		return c, err
	}, `SELECT t.attack, `+r.trialTarget()+` AS attacked, t.variant, coalesce(t.outcome, ''), CASE WHEN t.outcome = $2 THEN t.failure END AS why, count(*)
		FROM trials t JOIN attacks a ON a.run_id = t.run_id AND a.name = t.attack
		WHERE t.run_id = $1 GROUP BY t.attack, attacked, t.variant, t.outcome, why ORDER BY min(t.ordinal)`, runID, string(core.Errored))
	if err != nil {
		return nil, fmt.Errorf("counting the trials of %s: %w", runID, err)
	}
	return counts, nil
}
