// Package schema derives JSON Schema from config structs and checks values
// against it.
package schema

// Schema is a JSON Schema.
type Schema struct{}
