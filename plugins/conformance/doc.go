// Package conformance holds plugins to what package core and the contract
// promise of them. [Components] checks components wherever they are opened, and
// [Program] a plugin's program, written in any language: how it describes
// itself, starts and stops, and what it leaves behind.
//
// Checks report to a [T]. Package plugintest makes one of a testing.T;
// "orchestrator plugins test" prints.
package conformance
