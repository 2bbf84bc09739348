// Package command has the targets "command", "command/lines" and "command/once":
// a program for each conversation, which is talked to over its standard streams.
//
// A process is the program with its streams (process.go, stream.go, stderr.go). What
// is written to it and how its replies are read is a protocol: JSON messages, one a
// line (json.go), lines of text (lines.go), or all that is written until the program
// ends (once.go). The conversation joins the two (conversation.go).
package command
