// Package audio holds sound in memory as mono 16-bit PCM: reading any sane WAV
// file, writing plain ones, changing the sample rate, telephone companding,
// silence and noise, joining clips and a few measurements.
//
// Everything that carries audio in the orchestrator works on a [Clip]. Start
// with [DecodeWAV] and [Clip.Resample]. It is not a general audio library: it
// knows one channel, one sample format and no compression but G.711.
package audio
