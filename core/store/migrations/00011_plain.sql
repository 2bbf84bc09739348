-- What a run's components spoke to without TLS on other machines. Of earlier runs,
-- nothing is known.

-- +goose Up
-- definition is the component, such as: target "agent". host is host:port.
CREATE TABLE run_plain (
    run_id     TEXT   NOT NULL REFERENCES runs (id),
    ordinal    BIGINT NOT NULL,
    definition TEXT   NOT NULL,
    host       TEXT   NOT NULL,
    PRIMARY KEY (run_id, ordinal)
);
