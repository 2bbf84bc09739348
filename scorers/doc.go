// Package scorers lists the scorers that the orchestrator ships. Each family has a
// folder of its own. To add a scorer, write it there and add it to the family's
// Components function.
package scorers
