// Package api answers the plain HTTP side of an OpenAI-compatible service for
// an agent: chat completions, speech, transcriptions and the list of models.
// Together with the Realtime server of package realtimetest, it makes the
// practice target one that every kind of client can be pointed at. What a
// request asks for and this server cannot do is refused, never ignored.
package api
