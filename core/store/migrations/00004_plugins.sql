-- How far the plugins of a run were trusted, and what they connected to. Of
-- runs that were kept before, nothing is known.

-- +goose Up
-- trust says how the program was checked; permissions is JSON; sandbox says in
-- words what the process was held to.
ALTER TABLE run_plugins ADD COLUMN trust TEXT NOT NULL DEFAULT '';
ALTER TABLE run_plugins ADD COLUMN permissions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE run_plugins ADD COLUMN sandbox TEXT NOT NULL DEFAULT '';

-- host is host:port. refused is empty where the connection was let through.
-- sent and received count bytes.
CREATE TABLE connections (
    run_id   TEXT   NOT NULL REFERENCES runs (id),
    ordinal  BIGINT NOT NULL,
    plugin   TEXT   NOT NULL,
    host     TEXT   NOT NULL,
    at       BIGINT NOT NULL,
    refused  TEXT   NOT NULL,
    sent     BIGINT NOT NULL,
    received BIGINT NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
