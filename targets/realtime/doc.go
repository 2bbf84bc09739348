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
// A turn's way through the files: encode.go makes client events of a message,
// speech.go streams what is spoken, socket.go carries frames, scan.go and
// responses.go read server events, hold.go does what is due and waits, take.go
// looks at what comes, reply.go puts the pieces together, interrupt.go has the
// next turn said over them, heard.go notes what the service understood, finish.go
// makes the reply, and takeback.go undoes a turn that failed.
//
// Package realtimetest is the other side, for tests and for practice.
package realtime
