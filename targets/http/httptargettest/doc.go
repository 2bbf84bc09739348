// Package httptargettest is a service that answers over HTTP, faults included, as
// net/http/httptest is a server; and the promises that a target for such services
// has to keep.
//
// A [Server] has what the services of the field have: a JSON API that remembers
// conversations by an ID, one that is told the messages each time, server-sent
// events, lines of JSON, jobs that are asked for until they are done, a web form
// behind a login with CSRF tokens, uploads, and speech. [TestTarget] runs the
// promises.
package httptargettest
