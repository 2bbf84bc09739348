-- Whom the user was told of a run by, and whether that arrived. Of runs that were
-- kept before, nobody was told.

-- +goose Up
-- webhook is where it was sent to, without what is secret in the address;
-- occasions is JSON; failure is empty where it arrived.
CREATE TABLE notices (
    run_id    TEXT   NOT NULL REFERENCES runs (id),
    ordinal   BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    webhook   TEXT   NOT NULL,
    baseline  TEXT   NOT NULL,
    occasions TEXT   NOT NULL,
    tries     BIGINT NOT NULL,
    failure   TEXT   NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
