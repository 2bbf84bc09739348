// Package verdict compiles and evaluates success expressions: CEL over the names of
// an attack's scorers, in three-valued logic. A missing score makes a verdict
// unknown, never false.
package verdict
