// Package programs builds this repository's programs for its tests, once for all
// packages whose tests start them. It is for tests only.
package programs
