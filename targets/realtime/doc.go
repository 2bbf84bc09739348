// Package realtime is the target "realtime": a voice agent behind the Realtime
// protocol of OpenAI, Azure or xAI, or behind a service that is compatible with
// it.
//
// A conversation outlives its websocket: the service keeps a conversation's
// memory in its session, and where that is lost, or about to end, memory.go
// knows what has been said and restore.go gives it back. dialect.go says what
// sets one service apart from the others, and settings.go and echo.go what is
// asked of a session and what the service makes of it.
//
// What is decided is apart from what is sent. An exchange is the state machine of
// a turn, and of those that are said over its reply: it takes events and returns
// what is to be sent (exchange.go, turns.go, deadline.go, rollback.go), without
// input or output, lock or clock. protocol.go lists the events of the service and
// what becomes of each. A socket carries the machine out (socket.go, frames.go).
// What the service only has to confirm, such as the settings, is the smaller
// machine of confirmation.go.
//
// A turn's way through the files: turn.go and encode.go make client events of a
// message, outgoing.go and speech.go say what of it is still to be sent, jsonscan.go,
// scan.go and responses.go read server events, handlers.go looks at what comes,
// answer.go and reply.go put the reply together, interrupt.go has the next turn
// said over it, transcripts.go notes what the service understood, and finish.go
// says how the reply ended.
//
// Package realtimetest is the other side, for tests and for practice.
package realtime
