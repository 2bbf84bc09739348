-- One schema for SQLite and PostgreSQL. BYTEA is a BLOB in SQLite; payloads
-- may hold any byte, which TEXT does not survive in PostgreSQL. Times are
-- nanoseconds since 1970, UTC.

-- +goose Up
CREATE TABLE runs (
    id            TEXT   NOT NULL PRIMARY KEY,
    campaign      TEXT   NOT NULL,
    file          TEXT   NOT NULL,
    source        BYTEA  NOT NULL,
    authorization_text TEXT NOT NULL,
    trials        BIGINT NOT NULL,
    version       TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    message       TEXT   NOT NULL,
    started_at    BIGINT NOT NULL,
    ended_at      BIGINT
);
CREATE INDEX runs_by_start ON runs (started_at);

CREATE TABLE run_plugins (
    run_id  TEXT   NOT NULL REFERENCES runs (id),
    ordinal BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    version TEXT   NOT NULL,
    sha256  TEXT   NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);

-- What the trials of one attack have in common.
CREATE TABLE attacks (
    run_id        TEXT  NOT NULL REFERENCES runs (id),
    name          TEXT  NOT NULL,
    target        TEXT  NOT NULL,
    objective     BYTEA NOT NULL,
    system_prompt BYTEA NOT NULL,
    success       TEXT  NOT NULL,
    stop_on       TEXT  NOT NULL,
    PRIMARY KEY (run_id, name)
);

-- ordinal is the trial's place in the plan. outcome is NULL until the trial is
-- over. decided is the turn that decided it, or -1.
CREATE TABLE trials (
    run_id     TEXT   NOT NULL REFERENCES runs (id),
    id         TEXT   NOT NULL,
    ordinal    BIGINT NOT NULL,
    attack     TEXT   NOT NULL,
    variant    TEXT   NOT NULL,
    row_number BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    seed       BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT,
    outcome    TEXT,
    reason     BYTEA,
    turns      BIGINT,
    decided    BIGINT,
    usage      TEXT,
    failure    TEXT,
    PRIMARY KEY (run_id, id)
);

-- reply and failure are JSON; one of them is NULL.
CREATE TABLE turns (
    run_id     TEXT   NOT NULL,
    trial_id   TEXT   NOT NULL,
    turn       BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    reply      TEXT,
    failure    TEXT,
    PRIMARY KEY (run_id, trial_id, turn)
);

CREATE TABLE scores (
    run_id    TEXT   NOT NULL,
    trial_id  TEXT   NOT NULL,
    turn      BIGINT NOT NULL,
    ordinal   BIGINT NOT NULL,
    name      TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    value     DOUBLE PRECISION NOT NULL,
    rationale BYTEA  NOT NULL,
    failure   TEXT,
    PRIMARY KEY (run_id, trial_id, turn, ordinal)
);

-- The values of a turn. place is "sent", "reply", or "judged/" and the ordinal
-- of the score. A value is either data or the SHA-256 of an artifact.
-- original_modality is NULL where the value is as the campaign wrote it.
CREATE TABLE parts (
    run_id              TEXT   NOT NULL,
    trial_id            TEXT   NOT NULL,
    turn                BIGINT NOT NULL,
    place               TEXT   NOT NULL,
    ordinal             BIGINT NOT NULL,
    modality            TEXT   NOT NULL,
    media_type          TEXT   NOT NULL,
    data                BYTEA,
    artifact            TEXT,
    transcript          BIGINT NOT NULL,
    converters          TEXT,
    original_modality   TEXT,
    original_media_type TEXT,
    original_data       BYTEA,
    original_artifact   TEXT,
    PRIMARY KEY (run_id, trial_id, turn, place, ordinal)
);
