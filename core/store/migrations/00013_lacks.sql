-- What the runs of a schedule lack on the machine of serve. Of earlier schedules, nothing
-- is known.

-- +goose Up
-- lacks has a line for each thing that is missing; it is empty where nothing is.
ALTER TABLE schedules ADD COLUMN lacks TEXT NOT NULL DEFAULT '';
