// Package httptarget is the target "http": any service that answers over HTTP,
// as the campaign describes its requests and answers.
//
// A configuration is compiled once, when the target is opened: requests (compile.go,
// body.go), and what is read from answers (take.go, condition.go). Templates and jq
// programs are those of targets/internal/template and targets/internal/extract.
// Validate compiles it too, so that what is wrong is known before anything is sent.
//
// A conversation sends the requests of the session, of each turn, and of the end
// (conversation.go, turn.go), through a client of its own with its own cookies
// (send.go, redirect.go). An answer (answer.go) is judged by the campaign's rules
// and by HTTP (outcome.go), and becomes a reply (reply.go, stream.go, html.go).
//
// Package httptargettest is a server with faults, for tests and demonstrations.
package httptarget
