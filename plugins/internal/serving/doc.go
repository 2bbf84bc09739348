// Package serving holds what whoever serves targets by the contract keeps, the plugin
// its own and the host those of the campaign: the things that have been given names,
// the calls in progress, and conversations whose calls come one at a time.
package serving
