// Package clienttest is what the conformance suites of the providers' targets have in
// common: promises, the stage on which they are checked, faults of a server, and golden
// requests. The suites add their protocol's server and what is true of it alone.
package clienttest
