// Package conformance checks plugins against the contract of package core and
// of the wire protocol. [Components] checks components wherever they are
// opened, and [Program] the program of a plugin, in any language: how it
// describes itself, starts and stops, and what it leaves behind.
//
// Checks report to a [T]. Package plugintest adapts a testing.T; "orchestrator
// plugins test" prints.
package conformance
