// Package scorers lists the scorers that the orchestrator ships. Each family
// lives in a folder of its own; to add a scorer, write it there and name it in
// the family's Components function.
package scorers
