-- What a realtime conversation leaves behind. In runs that were kept before,
-- everything was said by the user, at once, and nothing was undelivered.

-- +goose Up
-- sent_role is who said what was sent: the user, or a tool. delivery is JSON,
-- and NULL where nothing particular was asked for.
ALTER TABLE turns ADD COLUMN sent_role TEXT NOT NULL DEFAULT 'user';
ALTER TABLE turns ADD COLUMN delivery TEXT;

ALTER TABLE parts ADD COLUMN undelivered BIGINT NOT NULL DEFAULT 0;

-- What had been said before a trial's first turn. It is text.
CREATE TABLE history (
    run_id   TEXT   NOT NULL,
    trial_id TEXT   NOT NULL,
    ordinal  BIGINT NOT NULL,
    role     TEXT   NOT NULL,
    data     BYTEA  NOT NULL,
    PRIMARY KEY (run_id, trial_id, ordinal)
);
