// Package converters lists the converters that the orchestrator ships. Each
// family lives in a folder of its own; to add a converter, write it there and
// name it in the family's Components function.
package converters
