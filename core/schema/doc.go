// Package schema derives JSON Schema from config structs, reads the schemas
// that plugins send, and checks JSON documents against them.
//
// It knows the part of JSON Schema that configuration needs, and no more: one
// type per value, enum, ranges, lengths, patterns, formats, objects and
// arrays. A keyword that it does not know and cannot ignore safely is refused
// when a schema is read, so a check never passes for want of understanding.
package schema
