-- The schedules that campaigns have, and what became of each time that one was due.

-- +goose Up
-- The block of the campaign as it was read last: cron and zone; overlap; the rest
-- in nanoseconds. considered_at is the last due time that has been decided,
-- alive_at when a scheduler last looked. served is 1 for those of the scheduler
-- that ran last. paused_at is NULL where the schedule is not paused.
CREATE TABLE schedules (
    name             TEXT   NOT NULL PRIMARY KEY,
    file             TEXT   NOT NULL,
    cron             TEXT   NOT NULL,
    zone             TEXT   NOT NULL,
    overlap_policy   TEXT   NOT NULL,
    catchup_window   BIGINT NOT NULL,
    jitter           BIGINT NOT NULL,
    pause_on_failure BIGINT NOT NULL,
    considered_at    BIGINT NOT NULL,
    alive_at         BIGINT NOT NULL,
    served           BIGINT NOT NULL,
    paused_at        BIGINT,
    paused_why       TEXT   NOT NULL DEFAULT ''
);

-- manual is 1 where somebody asked for the run. run_id is given before the run is
-- begun, so that whoever finds one that was started knows which run to look for: it
-- is empty, or that of a run that may not be there.
CREATE TABLE fires (
    schedule   TEXT   NOT NULL REFERENCES schedules (name),
    due_at     BIGINT NOT NULL,
    manual     BIGINT NOT NULL,
    status     TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    run_id     TEXT   NOT NULL,
    decided_at BIGINT NOT NULL,
    outcome    TEXT   NOT NULL,
    PRIMARY KEY (schedule, due_at)
);
CREATE INDEX fires_by_run ON fires (run_id);
