-- What it takes to carry a run on that was stopped. Runs that were kept before
-- have no sessions, and cannot be resumed: their files and plan are not known.

-- +goose Up
-- path is where the campaign's file was, from the root. plan is a fingerprint
-- of all trials.
ALTER TABLE runs ADD COLUMN path TEXT NOT NULL DEFAULT '';
ALTER TABLE runs ADD COLUMN plan TEXT NOT NULL DEFAULT '';

-- The files that a campaign names. name is relative to its folder; artifact is
-- the SHA-256.
CREATE TABLE run_files (
    run_id   TEXT NOT NULL REFERENCES runs (id),
    name     TEXT NOT NULL,
    artifact TEXT NOT NULL,
    PRIMARY KEY (run_id, name)
);

-- The processes that carried a run out, one after the other. ended_at is NULL
-- while one does, and if it died. allowed is JSON: what was other than recorded,
-- in words, and allowed by the user; or NULL.
CREATE TABLE sessions (
    run_id     TEXT   NOT NULL REFERENCES runs (id),
    ordinal    BIGINT NOT NULL,
    version    TEXT   NOT NULL,
    allowed    TEXT,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    status     TEXT,
    PRIMARY KEY (run_id, ordinal)
);

-- attempt counts from 1: a trial that was not ended is begun again, and what was
-- said in the attempts before stays. That of a trial is its last.
ALTER TABLE trials ADD COLUMN attempt BIGINT NOT NULL DEFAULT 1;

ALTER TABLE turns RENAME TO turns_before;
CREATE TABLE turns (
    run_id     TEXT   NOT NULL,
    trial_id   TEXT   NOT NULL,
    attempt    BIGINT NOT NULL,
    turn       BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    reply      TEXT,
    failure    TEXT,
    sent_role  TEXT   NOT NULL,
    delivery   TEXT,
    PRIMARY KEY (run_id, trial_id, attempt, turn)
);
INSERT INTO turns (run_id, trial_id, attempt, turn, started_at, ended_at, reply, failure, sent_role, delivery)
SELECT run_id, trial_id, 1, turn, started_at, ended_at, reply, failure, sent_role, delivery FROM turns_before;
DROP TABLE turns_before;

ALTER TABLE scores RENAME TO scores_before;
CREATE TABLE scores (
    run_id    TEXT   NOT NULL,
    trial_id  TEXT   NOT NULL,
    attempt   BIGINT NOT NULL,
    turn      BIGINT NOT NULL,
    ordinal   BIGINT NOT NULL,
    name      TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    value     DOUBLE PRECISION NOT NULL,
    rationale BYTEA  NOT NULL,
    failure   TEXT,
    PRIMARY KEY (run_id, trial_id, attempt, turn, ordinal)
);
INSERT INTO scores (run_id, trial_id, attempt, turn, ordinal, name, type, value, rationale, failure)
SELECT run_id, trial_id, 1, turn, ordinal, name, type, value, rationale, failure FROM scores_before;
DROP TABLE scores_before;

ALTER TABLE parts RENAME TO parts_before;
CREATE TABLE parts (
    run_id              TEXT   NOT NULL,
    trial_id            TEXT   NOT NULL,
    attempt             BIGINT NOT NULL,
    turn                BIGINT NOT NULL,
    place               TEXT   NOT NULL,
    ordinal             BIGINT NOT NULL,
    modality            TEXT   NOT NULL,
    media_type          TEXT   NOT NULL,
    data                BYTEA,
    artifact            TEXT,
    transcript          BIGINT NOT NULL,
    undelivered         BIGINT NOT NULL,
    converters          TEXT,
    original_modality   TEXT,
    original_media_type TEXT,
    original_data       BYTEA,
    original_artifact   TEXT,
    PRIMARY KEY (run_id, trial_id, attempt, turn, place, ordinal)
);
INSERT INTO parts (run_id, trial_id, attempt, turn, place, ordinal, modality, media_type, data, artifact, transcript, undelivered, converters,
    original_modality, original_media_type, original_data, original_artifact)
SELECT run_id, trial_id, 1, turn, place, ordinal, modality, media_type, data, artifact, transcript, undelivered, converters,
    original_modality, original_media_type, original_data, original_artifact FROM parts_before;
DROP TABLE parts_before;

ALTER TABLE helper_turns RENAME TO helper_turns_before;
CREATE TABLE helper_turns (
    run_id        TEXT   NOT NULL,
    trial_id      TEXT   NOT NULL,
    attempt       BIGINT NOT NULL,
    ordinal       BIGINT NOT NULL,
    kind          TEXT   NOT NULL,
    asked_by      TEXT   NOT NULL,
    turn          BIGINT NOT NULL,
    target        TEXT   NOT NULL,
    conversation  BIGINT NOT NULL,
    system_prompt BYTEA  NOT NULL,
    history       TEXT,
    started_at    BIGINT NOT NULL,
    ended_at      BIGINT NOT NULL,
    reply         TEXT,
    failure       TEXT,
    sent_role     TEXT   NOT NULL,
    delivery      TEXT,
    PRIMARY KEY (run_id, trial_id, attempt, ordinal)
);
INSERT INTO helper_turns (run_id, trial_id, attempt, ordinal, kind, asked_by, turn, target, conversation, system_prompt, history,
    started_at, ended_at, reply, failure, sent_role, delivery)
SELECT run_id, trial_id, 1, ordinal, kind, asked_by, turn, target, conversation, system_prompt, history,
    started_at, ended_at, reply, failure, sent_role, delivery FROM helper_turns_before;
DROP TABLE helper_turns_before;
