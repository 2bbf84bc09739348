// Package strict checks the JSON of clients by hand, key by key, as OpenAI's service
// does: an unknown key, a wrong type and a value out of range are each a [Problem]
// that names the place. Package realtimetest does the same for Realtime events.
package strict
