// Package realtime is the target "realtime": a voice agent behind OpenAI's or
// Azure's Realtime protocol, or behind a service that is compatible with it.
//
// A conversation is one websocket, from StartConversation to End: the service
// keeps a conversation's memory in its socket. The package speaks the generally
// available protocol with turns that the client drives; it understands the
// event names of the retired beta, but never asks for it.
//
// A turn's way through the files: encode.go makes client events of a message,
// socket.go carries frames, scan.go reads server events, turn.go waits for the
// end of the response, reply.go puts the pieces together, heard.go notes what
// the service understood, and takeback.go undoes a turn that failed.
//
// Package realtimetest is the other side, for tests and for practice.
package realtime
