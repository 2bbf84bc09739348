// Package starter writes a first campaign: one target, one scorer that looks for a
// canary, and one attack. It gets answers and returns text; it opens nothing.
package starter
