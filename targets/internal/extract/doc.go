// Package extract finds values in what a service sends: by jq programs, whose time and
// outputs are bounded, and by regular expressions.
package extract
