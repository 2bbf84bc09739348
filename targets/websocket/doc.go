// Package wstarget is the target "websocket": any service behind a websocket, as the
// campaign describes its messages.
//
// A configuration is compiled once (compile.go): its messages are those of
// targets/internal/template, its jq programs those of targets/internal/extract, as a
// target that hears events runs them (program.go). A socket reads events in
// a goroutine of its own (socket.go); a conversation opens it, sends its turns and
// reads the replies (conversation.go, exchange.go), and a reply collects text and sound
// (reply.go, sound.go).
package wstarget
