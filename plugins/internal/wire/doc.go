// Package wire translates between core's types and the messages of
// redteam.plugin.v1, and holds what both ends of the boundary agree on. It is
// the only package that speaks both languages.
//
// Decoding trusts nothing: an unknown enum, an impossible score or a reply that
// breaks off is an error of kind protocol that says so, never a panic and never
// a default.
package wire
