// Package dataset reads tables of texts, and prompts, from the files in which people keep
// them: CSV, TSV, JSON, JSON Lines, YAML, lists of texts, and seed files of PyRIT.
package dataset
