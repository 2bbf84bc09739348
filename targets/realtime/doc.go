// Package realtime is the target "realtime": a voice agent behind the Realtime
// protocol of OpenAI, Azure or xAI, or behind a compatible service.
//
// A conversation outlives its websocket. The service keeps the conversation in
// its session; when the session is lost or about to end, a new one is given the
// conversation so far (memory.go, restore.go). dialect.go holds the differences
// between services, settings.go the settings that are asked of a session, and
// echo.go compares them with those that the service reports.
//
// Decisions are separate from input and output. An exchange is the state
// machine of a turn and of the turns that are sent while its reply plays: it
// takes events and returns what is to be sent (exchange.go, turns.go,
// deadline.go, rollback.go), without input or output, locks or a clock.
// protocol.go lists the server events and their handlers. A socket runs the
// machine (socket.go, frames.go). What the service only has to confirm, such as
// the settings, is the smaller machine of confirmation.go.
//
// A turn passes these files: turn.go and encode.go turn a message into client
// events; outgoing.go and speech.go hold what is still to be sent; jsonscan.go,
// scan.go and responses.go read server events; handlers.go handles them;
// answer.go and reply.go collect the reply; interrupt.go starts the next turn
// over it; transcripts.go collects input transcripts; finish.go says how the
// reply ended.
//
// Package realtimetest is a server of the protocol, for tests and
// demonstrations.
package realtime
