// Package cli is the command line: one file per command. Only env.go uses the
// process's arguments, environment, streams and clock; only exit.go knows exit
// codes.
package cli
