// Package audio holds sound in memory as mono 16-bit PCM. It reads and writes WAV
// files, resamples, encodes and decodes G.711, generates silence and noise, joins
// clips and measures levels.
//
// All code of the orchestrator that handles audio works on a [Clip]. Start with
// [DecodeWAV] and [Clip.Resample]. The package is not a general audio library: it
// has one channel, one sample format, and G.711 as its only compression.
package audio
