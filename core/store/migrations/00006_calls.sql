-- What it takes to hold a run again without its components, and runs that were
-- made from the record of another. No run that was kept before is either.

-- +goose Up
-- recorded is 1 where each call of a component is kept. origin is the run that
-- this one was made from, and origin_kind how: 'replay' or 'rescore'; both are
-- empty where it was made from none.
ALTER TABLE runs ADD COLUMN recorded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN origin_kind TEXT NOT NULL DEFAULT '';

-- What plugins said of the components of a recorded run. component is JSON.
CREATE TABLE run_components (
    run_id    TEXT   NOT NULL REFERENCES runs (id),
    ordinal   BIGINT NOT NULL,
    component BYTEA  NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);

-- What was asked of components, and what came of it. ordinal counts within an
-- attempt at a trial; call is JSON.
CREATE TABLE calls (
    run_id   TEXT   NOT NULL,
    trial_id TEXT   NOT NULL,
    attempt  BIGINT NOT NULL,
    ordinal  BIGINT NOT NULL,
    call     BYTEA  NOT NULL,
    PRIMARY KEY (run_id, trial_id, attempt, ordinal)
);

-- The artifacts that a call refers to.
CREATE TABLE call_artifacts (
    run_id   TEXT   NOT NULL,
    trial_id TEXT   NOT NULL,
    attempt  BIGINT NOT NULL,
    ordinal  BIGINT NOT NULL,
    artifact TEXT   NOT NULL,
    PRIMARY KEY (run_id, trial_id, attempt, ordinal, artifact)
);
CREATE INDEX call_artifacts_by_artifact ON call_artifacts (artifact);
