-- What a run's campaign was given from outside of its file, and the target of each
-- trial. Earlier runs have no values, and the target of their trials is that of the
-- attack: each attack had one.

-- +goose Up
-- definition is the component whose setting was filled in, such as: target "agent";
-- it is empty for a parameter of the campaign. source is default, --set, or the name
-- of an environment variable.
CREATE TABLE run_values (
    run_id     TEXT   NOT NULL REFERENCES runs (id),
    ordinal    BIGINT NOT NULL,
    definition TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    value      BYTEA  NOT NULL,
    source     TEXT   NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
ALTER TABLE trials ADD COLUMN target TEXT NOT NULL DEFAULT '';
