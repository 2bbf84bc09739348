-- Which plugins were started without a lock that says what they must be. Runs
-- that were kept before knew no locks.

-- +goose Up
ALTER TABLE run_plugins ADD COLUMN unlocked BOOLEAN NOT NULL DEFAULT FALSE;
