package store

import "github.com/redteam-orchestrator/orchestrator/core/record"

// RecordTables are the tables that hold the record of a run.
func RecordTables() (names []string) {
	for _, t := range runTables() {
		names = append(names, t.name)
	}
	return names
}

// ReferringColumns are the columns that refer to artifacts, as table.column.
func ReferringColumns() (names []string) {
	for _, t := range runTables() {
		for _, c := range t.artifacts {
			names = append(names, t.name+"."+c)
		}
	}
	return names
}

// Referring is the query with which the store is swept.
func Referring(table, column string) string { return referring(table, column) }

// RecordTurnAfter records a turn, and calls between when its artifacts are on the
// disk and nothing refers to them yet.
func RecordTurnAfter(j *Journal, trialID string, t record.Turn, between func()) error {
	kept, err := j.store.artifacts.storeTurn(t)
	if err != nil {
		return err
	}
	between()
	return j.insertTurn(trialID, t, kept, nil)
}
