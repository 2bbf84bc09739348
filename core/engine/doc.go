// Package engine carries out a plan: it opens the components, holds the trials
// concurrently, keeps each turn before it sends the next, has the replies
// scored and decides each trial's outcome. It sees components only through
// package core and owns the small interfaces it needs.
package engine
