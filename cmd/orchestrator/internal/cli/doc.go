// Package cli is the command line: one file per command. env.go is the only file
// that knows the process: its arguments, environment, streams and clock; exit.go is
// the only one that knows exit codes.
package cli
