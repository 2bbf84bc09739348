-- Trials that have an outcome, and are held again. In earlier runs there are none:
-- the one attempt that ended is that of the trial.

-- +goose Up
-- A trial that is held again has a row for each attempt from its first outcome on.
-- outcome is NULL where the attempt did not end. The attempt of the trial itself is
-- the one whose outcome counts: the last that ended, or one that succeeded.
CREATE TABLE attempts (
    run_id     TEXT   NOT NULL,
    trial_id   TEXT   NOT NULL,
    attempt    BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT,
    reason     BYTEA,
    turns      BIGINT,
    decided    BIGINT,
    usage      TEXT,
    failure    TEXT,
    PRIMARY KEY (run_id, trial_id, attempt)
);

-- again is JSON: the outcomes of the trials that the process held again; or NULL.
ALTER TABLE sessions ADD COLUMN again TEXT;
