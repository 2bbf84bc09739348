// Package record holds the nouns of what happened in a run: turns, scores, calls,
// results, the events that observers are told, and their one JSON form. Whoever
// keeps, shows, counts or replays a run reads these, and needs no engine.
package record
