package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// Journal records one run. It is safe for concurrent use.
type Journal struct {
	store *Store
	id    string
	lock  *lock

	mu sync.Mutex
	// err is the first failure; nothing is written after it.
	err error
	// attacks are those that were written.
	attacks map[string]bool
	// connections counts those that were recorded.
	connections int

	// session is the number of this process among those that carried the run
	// out.
	session int
	// earlier counts the attempts at trials in earlier sessions; begun is the
	// present attempt at each trial.
	earlier, begun map[string]int
}

// Run is the identifier of the run.
func (j *Journal) Run() string { return j.id }

// Finish records how and when the run ended: with the status Finished,
// Interrupted or Failed, and a message that may be empty. If an earlier record
// failed, the run's status is Failed, and Finish returns the error. The Journal
// cannot be used after it.
func (j *Journal) Finish(status Status, message string, at time.Time) error {
	switch status {
	case Finished, Interrupted, Failed:
	default:
		return fmt.Errorf("finishing the run %s: a run cannot end as %q", j.id, status)
	}
	var lost error
	if status != Failed {
		if lost = j.now(func(*writer) error { return nil }); lost != nil {
			status, message = Failed, lost.Error()
		}
	}
	err := cmp.Or(j.store.finish(j, status, message, at), lost)
	j.fail(ErrClosed)
	if err != nil {
		return fmt.Errorf("finishing the run %s: %w", j.id, err)
	}
	return nil
}

// fail makes every later call fail.
func (j *Journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		j.err = err
	}
}

func (j *Journal) failure() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}

// later writes in the background; the next call returns a failure.
func (j *Journal) later(write func(w *writer) error) error {
	if err := j.failure(); err != nil {
		return err
	}
	return j.store.writer.submit(context.Background(), change{write: j.whole(write), failed: j.fail})
}

// now writes, and returns when this and all earlier changes are durable.
func (j *Journal) now(write func(w *writer) error) error {
	if err := j.failure(); err != nil {
		return err
	}
	done := make(chan error, 1)
	if err := j.store.writer.submit(context.Background(), change{write: j.whole(write), done: done, failed: j.fail}); err != nil {
		j.fail(err)
		return err
	}
	return <-done
}

// whole is a change that is not written where an earlier one has failed, so
// that a record has no gaps.
func (j *Journal) whole(write func(w *writer) error) func(w *writer) error {
	return func(w *writer) error {
		if err := j.failure(); err != nil {
			return err
		}
		return write(w)
	}
}

// BeginTrial implements [engine.Journal].
func (j *Journal) BeginTrial(t record.Trial, at time.Time) error {
	j.mu.Lock()
	known := j.attacks[t.Attack]
	j.attacks[t.Attack] = true
	attempt := max(j.earlier[t.ID]+1, t.Attempt)
	j.begun[t.ID] = attempt
	j.mu.Unlock()
	return j.later(func(w *writer) error {
		if !known {
			err := w.exec(`INSERT INTO attacks (run_id, name, target, objective, system_prompt, success, stop_on)
				VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run_id, name) DO NOTHING`,
				j.id, t.Attack, t.Target, []byte(t.Objective), []byte(t.SystemPrompt), t.Success, t.StopOn)
			if err != nil {
				return err
			}
		}
		if attempt > 1 {
			return beginAgain(w, turnKey{run: j.id, trial: t.ID, attempt: attempt}, at)
		}
		// A seed uses all 64 bits, and a BIGINT is signed.
		err := w.exec(`INSERT INTO trials (run_id, id, ordinal, attack, target, variant, row_number, number, seed, started_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			j.id, t.ID, t.Ordinal, t.Attack, t.Target, t.Variant, t.Row, t.Number, int64(t.Seed), at.UnixNano())
		if err != nil {
			return err
		}
		return j.insertHistory(w, t)
	})
}

// insertHistory records the messages before the first turn. They are text.
func (j *Journal) insertHistory(w *writer, t record.Trial) error {
	for i, m := range t.History {
		var text []byte
		for _, v := range m.Of(core.Text) {
			text = append(text, v.Data...)
		}
		err := w.exec(`INSERT INTO history (run_id, trial_id, ordinal, role, data) VALUES ($1, $2, $3, $4, $5)`,
			j.id, t.ID, i, string(m.Role), payload(text))
		if err != nil {
			return err
		}
	}
	return nil
}

// Recorded implements [engine.Journal].
func (j *Journal) Recorded(ctx context.Context, trialID string) (record.RecordedTrial, error) {
	at := j.at(trialID, 0)
	if at.attempt == 0 {
		return record.RecordedTrial{}, nil
	}
	calls, err := j.store.attempt(j.id, trialID, at.attempt).countCalls(ctx)
	if err != nil {
		return record.RecordedTrial{}, err
	}
	turns, err := j.store.Turns(ctx, j.id, trialID)
	if err != nil {
		return record.RecordedTrial{}, err
	}
	helped, err := j.store.HelperTurns(ctx, j.id, trialID)
	return record.RecordedTrial{Turns: turns, Helped: helped, Calls: calls}, err
}

// RecordTurn implements [engine.Journal]. It records the scores too, if the
// turn has any.
func (j *Journal) RecordTurn(trialID string, t record.Turn) error {
	kept, err := j.store.artifacts.storeTurn(t)
	if err != nil {
		return err
	}
	scores, err := j.store.artifacts.storeScores(t.Scores)
	if err != nil {
		return err
	}
	return j.insertTurn(trialID, t, kept, scores)
}

// insertTurn records a turn whose artifacts are on the disk.
func (j *Journal) insertTurn(trialID string, t record.Turn, kept storedTurn, scores []storedScore) error {
	at := j.at(trialID, t.Index)
	return j.now(func(w *writer) error {
		err := w.exec(`INSERT INTO turns (run_id, trial_id, attempt, turn, started_at, ended_at, reply, failure, sent_role, delivery)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			j.id, trialID, at.attempt, t.Index, t.Started.UnixNano(), t.Ended.UnixNano(), kept.reply, kept.failure, string(t.Sent.Role), kept.delivery)
		if err != nil {
			return err
		}
		if err := at.insertParts(w, placeSent, kept.sent); err != nil {
			return err
		}
		if err := at.insertParts(w, placeReply, kept.replied); err != nil {
			return err
		}
		return at.insertScores(w, scores)
	})
}

// RecordScores implements [engine.Journal].
func (j *Journal) RecordScores(trialID string, turn int, scores []record.Score) error {
	kept, err := j.store.artifacts.storeScores(scores)
	if err != nil {
		return err
	}
	at := j.at(trialID, turn)
	return j.later(func(w *writer) error { return at.insertScores(w, kept) })
}

// EndTrial implements [engine.Journal]. The scores of the result are those of
// the deciding turn, and were recorded with it.
func (j *Journal) EndTrial(trialID string, r record.Result) error {
	usage, err := json.Marshal(r.Usage)
	if err != nil {
		return fmt.Errorf("encoding the usage: %w", err)
	}
	failure, err := encode("failure", r.Failure)
	if err != nil {
		return err
	}
	at := j.at(trialID, 0)
	ended := []any{string(r.Outcome), []byte(r.Reason), r.Ended.UnixNano(), r.Turns, r.Decided, string(usage), failure, j.id, trialID}
	err = j.now(func(w *writer) error {
		if at.attempt > 1 {
			return endAgain(w, at, ended)
		}
		return w.exec(`UPDATE trials SET `+endedColumns+` WHERE run_id = $8 AND id = $9`, ended...)
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.begun, trialID)
	return err
}

// endedColumns set what comes of an attempt: the outcome is $1, the failure $7.
const endedColumns = `outcome = $1, reason = $2, ended_at = $3, turns = $4, decided = $5, usage = $6, failure = $7`

// turnKey identifies a turn of an attempt at a trial of a run.
type turnKey struct {
	run, trial    string
	attempt, turn int
}

// at is the place of a turn in the present attempt: the last one, where none
// was begun.
func (j *Journal) at(trialID string, turn int) turnKey {
	j.mu.Lock()
	defer j.mu.Unlock()
	return turnKey{j.id, trialID, cmp.Or(j.begun[trialID], j.earlier[trialID]), turn}
}

func (k turnKey) insertParts(w *writer, where string, parts []storedPart) error {
	for i, part := range parts {
		err := w.exec(`INSERT INTO parts (run_id, trial_id, attempt, turn, place, ordinal, modality, media_type, data, artifact, transcript, undelivered, converters,
			original_modality, original_media_type, original_data, original_artifact)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`,
			append([]any{k.run, k.trial, k.attempt, k.turn, where, i}, part.columns()...)...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (k turnKey) insertScores(w *writer, scores []storedScore) error {
	for i, s := range scores {
		err := w.exec(`INSERT INTO scores (run_id, trial_id, attempt, turn, ordinal, name, type, value, rationale, failure)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			k.run, k.trial, k.attempt, k.turn, i, s.Name, string(s.Type), s.Value, []byte(s.Rationale), s.failure)
		if err != nil {
			return err
		}
		if err := k.insertParts(w, placeJudged(i), s.judged); err != nil {
			return err
		}
	}
	return nil
}

// The places of a turn that hold values.
const (
	placeSent  = "sent"
	placeReply = "reply"
)

// placeJudged holds what the n-th scorer was given.
func placeJudged(n int) string { return "judged/" + strconv.Itoa(n) }

// storedScore is a score whose judged values are on the disk.
type storedScore struct {
	record.Score
	failure any
	judged  []storedPart
}

func (a *artifacts) storeScores(scores []record.Score) ([]storedScore, error) {
	kept := make([]storedScore, len(scores))
	for i, score := range scores {
		failure, err := encode("failure", score.Failure)
		if err != nil {
			return nil, err
		}
		parts := make([]core.Part, len(score.Judged))
		for n, v := range score.Judged {
			parts[n].Value = v
		}
		judged, err := a.storeParts(parts)
		if err != nil {
			return nil, err
		}
		kept[i] = storedScore{Score: score, failure: failure, judged: judged}
	}
	return kept, nil
}
