// Package wire translates between core's types and the messages of
// redteam.plugin.v1, and holds what both ends of the boundary agree on. It is
// the only package that translates their content.
//
// Decoding trusts nothing: an unknown enum, an impossible score or a stream that
// stops without its end is an error of kind protocol that says so, never a panic and
// never a default. A reply that breaks off is [core.FinishBroken] with the error that
// says why.
package wire
