// Package view formats output for people: tables, conversations, comparisons,
// messages and the progress of a run. It gets values and writers, opens
// nothing, and knows no commands. The output may contain text of a target or of
// a third party's campaign: write it through [Printable].
package view
