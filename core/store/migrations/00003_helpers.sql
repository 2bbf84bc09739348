-- What converters and scorers asked of targets of the campaign, to do their work
-- for a trial. In runs that were kept before, they asked none.

-- +goose Up
-- ordinal counts within the trial. kind and asked_by name the component, turn is
-- that of the trial which it worked for, and conversation counts those that were
-- held with helpers. history is JSON: the roles of what the conversation began
-- with. The values are in parts, with the same turn: their place is "helper/",
-- the ordinal, and "/sent", "/reply" or "/history/" and the message's place.
-- reply, failure and delivery are as those of turns.
CREATE TABLE helper_turns (
    run_id        TEXT   NOT NULL,
    trial_id      TEXT   NOT NULL,
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
    PRIMARY KEY (run_id, trial_id, ordinal)
);
