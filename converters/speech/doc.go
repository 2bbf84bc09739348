// Package speech turns text into speech and speech into text: with programs on
// this machine, with any command, or through an endpoint that speaks the
// OpenAI audio API.
//
// A conversion that is asked for again is not done again: twenty trials that
// say the same sentence have it spoken once.
package speech
