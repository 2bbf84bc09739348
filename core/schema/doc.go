// Package schema derives JSON Schema from config structs, reads the schemas
// that plugins send, and checks JSON documents against them.
//
// It supports the part of JSON Schema that configuration needs: one type per
// value, enum, ranges, lengths, patterns, formats, objects and arrays. Reading a
// schema with any other keyword that restricts values fails, so that a check never
// passes because a keyword was ignored.
package schema
