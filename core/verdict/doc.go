// Package verdict evaluates success expressions: CEL over the names of an
// attack's scorers, in three-valued logic, so that a missing score makes a
// verdict unknown and never false.
package verdict
