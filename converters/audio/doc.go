// Package audio holds the converters from audio to audio, which simulate the way
// that a caller's voice takes to the target.
package audio
