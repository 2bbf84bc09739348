// Package cost is what the use of targets costs: the prices of tokens, and about how
// many tokens messages have that no provider counted. Whoever plans a run and whoever
// holds it to its bounds go by the same rules.
package cost
