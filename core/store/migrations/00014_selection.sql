-- Which part of its campaign a run holds. Each of the earlier runs holds the whole.

-- +goose Up
-- selection is JSON; it is empty for the whole campaign.
ALTER TABLE runs ADD COLUMN selection TEXT NOT NULL DEFAULT '';
