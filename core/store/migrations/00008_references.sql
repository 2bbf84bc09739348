-- Whoever sweeps a store asks which artifacts are referred to, a part of their
-- names at a time.

-- +goose Up
CREATE INDEX parts_by_artifact ON parts (artifact) WHERE artifact IS NOT NULL;
CREATE INDEX parts_by_original_artifact ON parts (original_artifact) WHERE original_artifact IS NOT NULL;
CREATE INDEX run_files_by_artifact ON run_files (artifact);
