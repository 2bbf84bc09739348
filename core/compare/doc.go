// Package compare says what changed between two runs of a campaign: which
// findings are new, and which attack success rates really moved. It is pure: it
// knows outcomes and names, and nothing of what was said.
package compare
