// Package cli is the command line: one file per command, env.go as the only
// door to the operating system and exit.go as the only place that knows exit
// codes.
package cli
