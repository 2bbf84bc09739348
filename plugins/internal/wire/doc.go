// Package wire translates between core's types and the messages of
// redteam.plugin.v1, and holds the constants that both ends share. It is the
// only package that translates their content.
//
// Decoding validates everything: an unknown enum, an invalid score or a stream
// that stops without its end is an error of kind protocol, never a panic and
// never a default. A reply that breaks off is [core.FinishBroken] with the
// error that says why.
package wire
