// Package scaffold writes the folder of a new plugin in Go: a program with one
// small component, its tests and a README.
package scaffold
